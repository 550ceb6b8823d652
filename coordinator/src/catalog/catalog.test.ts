import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '@hypershard/common'
import { createDirectoryStore, type ObjectStore, readIndex } from '@hypershard/storage'
import { Catalog } from './catalog.ts'

const soon = () => Deadline.after(5_000)
const papers = {
  name: 'papers',
  model: { name: 'words', digest: 'ab'.repeat(32) },
  ...{ vectorWidth: 3, shards: 1, replicas: 1 },
}

describe('changes of one index', () => {
  let directory: string
  let store: ObjectStore
  let catalog: Catalog

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-catalog-'))
    store = await createDirectoryStore(directory)
    catalog = await Catalog.load(store)
    await catalog.create(papers, soon())
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Holds a deletion up once its `index.json` is gone and the rest is not. */
  function holdDeletions(): { begun: Promise<void>; goOn: () => void } {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const { deletePrefix } = store
    store.deletePrefix = async folder => {
      begun.resolve()
      await goOn.promise
      return deletePrefix.call(store, folder)
    }
    return { begun: begun.promise, goOn: goOn.resolve }
  }

  it('wait for each other: an index created during a deletion of its name is whole', async () => {
    const { begun, goOn } = holdDeletions()
    const deleting = catalog.delete('papers', soon())
    await begun
    const creating = catalog.create(papers, soon())
    setTimeout(goOn, 30)
    await deleting
    const { record } = await creating
    assert.equal((await readIndex(store, 'papers')).uid, record.uid)
    assert.equal(catalog.get('papers').record.uid, record.uid)
  })

  it('wait no longer than their deadline', async () => {
    const { begun, goOn } = holdDeletions()
    const deleting = catalog.delete('papers', soon())
    await begun
    await assert.rejects(catalog.create(papers, Deadline.after(10)), { code: 'deadline_exceeded' })
    goOn()
    await deleting
  })
})
