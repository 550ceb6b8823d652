import assert from 'node:assert/strict'
import { Deadline, HypershardError, quietMeter, silentLogger, WorkGate } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { ScoringPrecision, SearchPlan, type SearchShardsRequest, StopReason } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import { SegmentHolder } from './holding/segment-holder.ts'
import type { HeadMessage } from './qnets/head-thread.ts'
import { QueryCache } from './qnets/query-cache.ts'
import { fetchDocuments } from './search/fetch-documents.ts'
import { prepareShards } from './search/prepare-shards.ts'
import { sheetGate } from './search/search-gate.ts'
import { type SearchParts, searchShards } from './search/search-shards.ts'
import { ShardSearchMeter } from './search/shard-search-meter.ts'
import { FakeBackend, FakeLoader, noFilter, noWarmUp, noWords } from './testing/fake-parts.ts'
import { createTestIndex, putTestDocuments, testDocuments, testModel } from './testing/test-index.ts'
import { createTestStore, testQNet } from './testing/test-shard-server.ts'

const width = 16
const hour = (signal?: AbortSignal) => quietContext(Deadline.after(3_600_000, { ...(signal && { signal }) }))

/** What never ends, and tells when it is waited for. */
function hanging<T>() {
  const asked = Promise.withResolvers<void>()
  const hang = () => {
    asked.resolve()
    return new Promise<T>(() => undefined)
  }
  return { asked: asked.promise, hang }
}

describe('searchShards', () => {
  let root: Awaited<ReturnType<typeof createTestStore>>
  let manifest: Manifest
  let parts: SearchParts
  let backend: FakeBackend
  let holder: SegmentHolder

  beforeEach(async () => {
    root = await createTestStore()
    const empty = await createTestIndex(root.store, { name: 'a', width, shards: 1 })
    manifest = await putTestDocuments(root.store, empty, testDocuments(20, width))
    backend = new FakeBackend()
    const memory = { vectors: 'memory', memoryBytesMax: 2 ** 30 } as const
    const loader = new FakeLoader(root.store, root.root)
    const log = silentLogger()
    holder = new SegmentHolder({ store: root.store, loader, backend, filter: noFilter, words: noWords, ...memory, log })
    const queries = new QueryCache({ call: () => assert.fail('a q-net was to be made'), post: () => undefined })
    const searches = new WorkGate({ work: 'searches', where: 'here', inFlightMax: 1, waitingMax: 0 })
    parts = {
      holder,
      backend,
      searches,
      sheets: sheetGate(1),
      filter: noFilter,
      words: noWords,
      queries,
      meter: new ShardSearchMeter(quietMeter),
    }
  })

  afterEach(async () => {
    await holder.close()
    await root.remove()
  })

  const request = (change: Partial<SearchShardsRequest> = {}): SearchShardsRequest => ({
    manifest,
    shards: [0],
    qnet: testQNet(publishedArchitecture(width, 2)),
    tokenStates: undefined,
    limit: 5,
    precision: ScoringPrecision.SCORING_PRECISION_INT8,
    after: undefined,
    filter: undefined,
    plan: SearchPlan.SEARCH_PLAN_EXACT,
    candidates: 0,
    expansion: 0,
    recall: 0,
    recallHits: 0,
    documents: 0,
    facets: [],
    groupBy: undefined,
    sort: [],
    afterSorted: undefined,
    ...change,
  })

  /** A caller who goes away stands for any end of a deadline: the same wait ends by both, and no time passes. */
  async function expectFreed(asked: Promise<void>, search: SearchShardsRequest) {
    const caller = new AbortController()
    const searching = searchShards(parts, search, hour(caller.signal))
    searching.catch(() => undefined)
    await asked
    await assert.rejects(searchShards(parts, request(), hour()), { code: 'overloaded' })
    caller.abort()
    await assert.rejects(searching, { code: 'cancelled' })
    await parts.searches.run(hour().deadline, async () => undefined)
  }

  const reads = [
    { what: 'the manifest', folder: '/manifest/' },
    { what: 'the range sample', folder: '/calibration/' },
  ]
  for (const { what, folder } of reads) {
    it(`waits for ${what} no longer than its deadline, and its place is free then`, async () => {
      const { get } = root.store
      const { asked, hang } = hanging<undefined>()
      root.store.get = key => (key.includes(folder) ? hang() : get.call(root.store, key))
      await expectFreed(asked, request())
    })
  }

  it('waits for the hyper-head no longer than its deadline, and its place is free then', async () => {
    const { asked, hang } = hanging<never>()
    const posted: HeadMessage[] = []
    const queries = new QueryCache({
      call: () => ({ call: 7, answer: hang() }),
      post: message => void posted.push(message),
    })
    parts = { ...parts, queries }
    const states = { digest: 'cd'.repeat(32), modelDigest: testModel.digest, tokens: 1, width, states: Buffer.alloc(0) }
    await expectFreed(asked, request({ qnet: undefined, tokenStates: states }))
    assert.deepEqual(posted, [{ cancel: 7 }])
  })

  it('waits for the manifest no longer than the deadline where shards are prepared and texts fetched', async () => {
    root.store.get = () => new Promise<undefined>(() => undefined)
    const gone = () => hour(AbortSignal.abort())
    await assert.rejects(
      prepareShards({ ...parts, warmHead: () => undefined, warmUp: noWarmUp }, { manifest, shards: [0] }, gone()),
      {
        code: 'cancelled',
      },
    )
    await assert.rejects(fetchDocuments(parts, { manifest, addresses: [] }, gone()), { code: 'cancelled' })
  })

  it('has the hyper-head of the model loaded when shards are prepared', async () => {
    const warmed: string[] = []
    const warmHead = (model: string) => void warmed.push(model)
    await prepareShards({ ...parts, warmHead, warmUp: noWarmUp }, { manifest, shards: [0] }, hour())
    assert.deepEqual(warmed, [testModel.digest])
  })

  it('has warmed up with what could be loaded before it says that it is', async () => {
    const ran: number[][] = []
    const running = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const run = (_manifest: Manifest, shards: readonly number[]) => {
      ran.push([...shards])
      begun.resolve()
      return running.promise
    }
    let said = false
    const request = { manifest, shards: [0] }
    const preparing = prepareShards({ ...parts, warmHead: () => undefined, warmUp: { run } }, request, hour())
    const told = preparing.then(() => {
      said = true
    })
    await begun.promise
    // Whoever does not wait for it has answered by now.
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual([ran, said, holder.isLoaded(manifest, 0)], [[[0]], false, true])
    running.resolve()
    await told
  })

  it('gives the backend what it holds, and the answer is what the backend found', async () => {
    const { results } = await searchShards(parts, request(), hour())
    const [scan] = backend.requests
    assert.deepEqual(
      scan!.shards[0]!.segments.map(({ key, position, eligible }) => [backend.held.has(key), position, eligible]),
      [[true, 0, 20]],
    )
    assert.deepEqual([scan!.scoring, scan!.plan, scan!.rangeSample.length], ['int8', { kind: 'exact' }, 20 * width])
    assert.deepEqual(
      results.map(({ shard, documentsScored, stopReason }) => [shard, documentsScored, stopReason]),
      [[0, 20, StopReason.STOP_REASON_COMPLETE]],
    )
  })

  it('leaves what was read for the next', async () => {
    const { deadline: gone } = hour(AbortSignal.abort())
    await assert.rejects(holder.manifest(manifest, gone), HypershardError)
    root.store.get = () => assert.fail('read twice')
    assert.deepEqual(await holder.manifest(manifest, hour().deadline), manifest)
  })
})
