import assert from 'node:assert/strict'
import { Deadline, quietMeter, WorkGate } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import { MemoryStore } from '@hypershard/harness/stores'
import { writeSegments } from '@hypershard/indexer'
import { commitSegments, LogPartBuilder, type ObjectStore, WriteLog } from '@hypershard/storage'
import { Catalog, type CatalogEntry } from '../catalog/catalog.ts'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import { type DeleteByFilterInput, deleteByFilter } from './delete-by-filter.ts'
import { WriteLogs } from './write-documents.ts'
import { WriteGuard } from './write-guard.ts'
import { WriteMeter } from './write-meter.ts'

describe('a deletion by filter beside other writes', () => {
  let store: MemoryStore
  let entry: CatalogEntry
  let catalog: Catalog

  beforeEach(async () => {
    store = new MemoryStore()
    catalog = await Catalog.load(store)
    const encoder = new FakeEncoder()
    const model = { name: 'words', digest: encoder.models[0]!.digest }
    const fields = { n: { type: 'number', list: false } } as const
    const shape = { name: 'papers', shards: 2, replicas: 1, vectorWidth: 16, model, fields }
    entry = await catalog.create(shape, Deadline.after(60_000))
    const documents = ['a', 'b', 'c'].map(id => ({ id, title: '', text: id, fields: '{"n":1}', version: 1 }))
    const { added } = await writeSegments(
      entry.manifest,
      documents,
      { store, encoder, onEncoded: () => undefined },
      quietContext(),
    )
    await put('a', 'b', 'c')
    const log = { sequence: 1, parts: 0 }
    catalog.publish({ ...entry, manifest: await commitSegments(store, entry.manifest, added, { log }) })
  })

  async function put(...ids: string[]): Promise<void> {
    const builder = new LogPartBuilder()
    for (const id of ids) builder.add({ type: 'put', document: { id, title: '', text: 'newer', fields: '{"n":1}' } })
    const part = await builder.store(store, { index: 'papers', indexUid: entry.record.uid })
    await new WriteLog(store, entry.record).append({ parts: [part] })
  }

  function remove(own: ObjectStore) {
    const server = new FakeShardServer('s0:1', () => store)
    const cluster = clusterOf([server])
    cluster.members[0]!.markLive()
    const gate = () => new WorkGate({ work: 'searches', where: 'here', inFlightMax: 4, waitingMax: 4 })
    const input: DeleteByFilterInput = {
      index: 'papers',
      filter: { field: 'n', equals: 1 },
      idempotencyKey: undefined,
      minSequence: 0,
      waitFor: 'durable',
      waitMsMax: 0,
    }
    const parts = {
      store: own,
      catalog,
      cluster,
      logs: new WriteLogs(own),
      guard: new WriteGuard(own, { lagMax: 1_000, freeShareMin: 0 }),
      writes: gate(),
      searches: gate(),
      writeMeter: new WriteMeter(quietMeter),
      models: { knownProblemOf: () => undefined },
    }
    return deleteByFilter(input, quietContext(), parts as never)
  }

  /** A store in which these documents are written whenever the deletion is about to be appended, the first two times. */
  function racedBy(...writes: string[][]): ObjectStore {
    return new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (name !== 'putIfAbsent') return typeof value === 'function' ? value.bind(target) : value
        return async (key: string, bytes: Uint8Array) => {
          const next = key.includes('/entries/') ? writes.shift() : undefined
          if (next !== undefined) await put(...next)
          return target.putIfAbsent(key, bytes)
        }
      },
    })
  }

  it('leaves what is written in the last moment, and looks again where that is another document', async () => {
    const { deleted, writtenMeanwhile, sequence } = await remove(racedBy(['b'], ['other'], ['c']))
    assert.deepEqual([deleted, writtenMeanwhile, sequence], [1, 2, 5])
  })

  it('deletes nothing when all of it was written meanwhile', async () => {
    const { deleted, writtenMeanwhile, sequence } = await remove(racedBy(['a', 'b', 'c']))
    assert.deepEqual([deleted, writtenMeanwhile, sequence], [0, 3, null])
  })
})
