import assert from 'node:assert/strict'
import { Deadline, HypershardError, RequestContext, silentLogger } from '@hypershard/common'
import { MemoryStore } from '@hypershard/harness/stores'
import { createIndex, deleteIndex } from '@hypershard/storage'
import { Catalog } from '../catalog/catalog.ts'
import { unlessDeleted } from './deleted-meanwhile.ts'

const model = { name: 'words', digest: 'ab'.repeat(32) }
const coverageOf = (code: string) => ({ coverage: { missing: [{ code }] } })

describe('a search that lacks files', () => {
  let store: MemoryStore
  let catalog: Catalog
  let looks: number

  beforeEach(async () => {
    store = new MemoryStore()
    looks = 0
    await createIndex(store, { name: 'papers', model, vectorWidth: 3, shards: 1, replicas: 1 })
    catalog = await Catalog.load(store)
  })

  /** Another coordinator's deletion, which this one has not heard of. */
  const deleteElsewhere = () => deleteIndex(store, 'papers')

  function search(failure: Error): Promise<never> {
    const lookAtIndex = async (name: string) => {
      looks++
      await catalog.findIndex(name)
    }
    const context = new RequestContext({ log: silentLogger(), deadline: Deadline.after(20_000) })
    return unlessDeleted('papers', context, { catalog, watcher: { lookAtIndex } }, async () => {
      throw failure
    })
  }

  const lacking = [
    new HypershardError('corrupt_data', 'segment missing'),
    new HypershardError('insufficient_coverage', 'shards missing', { details: coverageOf('corrupt_data') }),
    new HypershardError('insufficient_coverage', 'shards missing', { details: coverageOf('index_not_found') }),
  ]
  for (const failure of lacking) {
    it(`is told that the index is gone when it is: ${failure.code}, ${JSON.stringify(failure.details)}`, async () => {
      await assert.rejects(search(failure), failure)
      assert.equal(looks, 1)
      await deleteElsewhere()
      await assert.rejects(search(failure), { code: 'index_not_found' })
    })
  }

  it('is told of the files while it cannot be found out', async () => {
    await deleteElsewhere()
    store.get = async () => {
      throw new HypershardError('storage_failed', 'told to fail')
    }
    await assert.rejects(search(lacking[0]!), { code: 'corrupt_data' })
  })

  it('looks at the store for no other failure', async () => {
    await deleteElsewhere()
    const down = new HypershardError('insufficient_coverage', 'down', { details: coverageOf('unavailable') })
    for (const failure of [down, new HypershardError('overloaded', 'busy'), new Error('a defect')]) {
      await assert.rejects(search(failure), failure)
    }
    assert.equal(looks, 0)
  })
})
