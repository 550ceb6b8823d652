import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareRank, Deadline } from '@hypershard/common'
import { naiveScores, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import {
  type Filter,
  ScoringPrecision,
  SearchPlan,
  type SearchShardsRequest,
  type SearchShardsResponse,
  StopReason,
} from '@hypershard/proto/shard'
import { eligibleDocuments, type Fields, type Manifest, type ObjectStore } from '@hypershard/storage'
import type { ShardServerConfig } from './start-shard-server.ts'
import { createTestIndex, putTestDocuments, type TestDocument, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 32

/** About what a segment of so many test documents takes: f32, its int8 copy, ids, places. */
const heldBytes = (documents: number) => Math.ceil(documents * (5 * width + 24))
const small = publishedArchitecture(width, 2)

describe('a shard server', () => {
  let root: string
  let store: ObjectStore
  let removeStore: () => Promise<void>
  let server: TestShardServer

  async function makeStore(): Promise<void> {
    const made = await createTestStore()
    root = made.root
    store = made.store
    removeStore = made.remove
  }

  async function clean(): Promise<void> {
    await server.stop()
    await removeStore()
    assert.deepEqual(server.deaths, [])
  }

  async function start(settings: Partial<ShardServerConfig> = {}): Promise<void> {
    server = await startTestShardServer(root, settings)
  }

  const search = (manifest: Manifest, request: Partial<SearchShardsRequest> = {}, deadline?: Deadline) =>
    server.search(manifest, { qnet: testQNet(small), ...request }, deadline)

  /** Hits of all shards as one list, the way the coordinator merges them. */
  function merged(response: SearchShardsResponse, limit: number): string[] {
    const hits = response.results.flatMap(result => result.hits)
    return hits
      .toSorted(compareRank)
      .slice(0, limit)
      .map(hit => hit.id)
  }

  function naiveTop(documents: readonly TestDocument[], limit: number): string[] {
    const scored = documents.map(({ id, vector }) => ({
      id,
      score: naiveScores(small, pseudoRandomWeights(small, 1), vector)[0]!,
    }))
    return scored
      .toSorted(compareRank)
      .slice(0, limit)
      .map(hit => hit.id)
  }

  describe('with its usual settings', () => {
    let named = 0
    /** Of an index of the test's own: one server serves them all. */
    const nextName = () => `index-${named++}`

    before(async () => {
      await makeStore()
      await start()
    })

    after(clean)

    it('ranks as the naive oracle does and gives the winners their texts', async () => {
      const documents = testDocuments(1_500, width)
      const manifest = await putTestDocuments(
        store,
        await createTestIndex(store, { name: nextName(), width, shards: 3 }),
        documents,
      )
      const response = await search(manifest)
      assert.deepEqual(merged(response, 10), naiveTop(documents, 10))
      assert.equal(
        response.results.reduce((sum, result) => sum + result.documentsScored, 0),
        1_500,
      )
      for (const result of response.results) assert.equal(result.stopReason, StopReason.STOP_REASON_COMPLETE)
      const hits = response.results.flatMap(result => result.hits)
      const fetched = await server.fetch(
        manifest,
        hits.map(hit => hit.address!),
      )
      assert.deepEqual(
        fetched.documents,
        hits.map(({ id }) => ({ id, title: `title of ${id}`, text: `text of ${id}`, fieldsJson: `{"name":"${id}"}` })),
      )
    })

    it('serves each manifest version as it was, replaced documents left out', async () => {
      const documents = testDocuments(200, width)
      const first = await putTestDocuments(
        store,
        await createTestIndex(store, { name: nextName(), width, shards: 2 }),
        documents,
      )
      const changed = documents.slice(0, 50).map(({ id }, index) => ({ id, vector: documents[199 - index]!.vector }))
      const second = await putTestDocuments(store, first, changed)
      for (const [manifest, visible] of [
        [second, [...changed, ...documents.slice(50)]],
        [first, documents],
        [second, [...changed, ...documents.slice(50)]],
      ] as const) {
        const response = await search(manifest, { limit: 200 })
        assert.deepEqual(merged(response, 200), naiveTop(visible, 200))
        assert.equal(
          response.results.reduce((sum, result) => sum + result.documentsScored, 0),
          200,
        )
      }
    })

    it('finds only what a filter lets through, in every plan, and says how many that are', async () => {
      const documents = testDocuments(400, width)
      const fields: Fields = { name: { type: 'keyword', list: false } }
      const first = await putTestDocuments(
        store,
        await createTestIndex(store, { name: nextName(), width, shards: 2, fields }),
        documents,
      )
      const manifest = await putTestDocuments(store, first, documents.slice(0, 20))
      const wanted = documents.filter((_, index) => index % 7 === 0)
      const values = wanted.map(({ id }) => id)
      const filter: Filter = {
        kind: { $case: 'condition', value: { field: 'name', test: { $case: 'keywords', value: { values } } } },
      }
      for (const plan of [SearchPlan.SEARCH_PLAN_EXACT, SearchPlan.SEARCH_PLAN_TANGENT]) {
        for (const limit of [10, 100]) {
          const response = await search(manifest, { filter, plan, candidates: 100, limit })
          assert.deepEqual(merged(response, limit), naiveTop(wanted, limit))
          const sum = (count: (result: (typeof response.results)[number]) => number) =>
            response.results.reduce((total, result) => total + count(result), 0)
          assert.deepEqual(
            [sum(result => result.documentsMatched), sum(result => result.documentsScored)],
            [wanted.length, wanted.length],
          )
        }
      }
      const unknown: Filter = {
        kind: { $case: 'condition', value: { field: 'color', test: { $case: 'exists', value: true } } },
      }
      for (const { error } of (await search(manifest, { filter: unknown })).results) {
        assert.equal(error?.code, 'invalid_request')
      }
    })

    it('continues after a position', async () => {
      const documents = testDocuments(300, width)
      const manifest = await putTestDocuments(
        store,
        await createTestIndex(store, { name: nextName(), width, shards: 2 }),
        documents,
      )
      const page = (await search(manifest, { limit: 7 })).results
        .flatMap(result => result.hits)
        .toSorted(compareRank)[6]!
      const next = await search(manifest, { limit: 7, after: { score: page.score, id: page.id, inclusive: false } })
      assert.deepEqual(merged(next, 7), naiveTop(documents, 14).slice(7))
    })

    it('answers alike in int8 from any number of shards, and nearly as in fp32', async () => {
      const documents = testDocuments(1_000, width)
      const answers: string[][] = []
      for (const shards of [1, 2, 4]) {
        const empty = await createTestIndex(store, { name: `s${shards}`, width, shards })
        const manifest = await putTestDocuments(store, empty, documents)
        answers.push(merged(await search(manifest, { precision: ScoringPrecision.SCORING_PRECISION_INT8 }), 10))
      }
      assert.deepEqual(answers[1], answers[0])
      assert.deepEqual(answers[2], answers[0])
      const exact = naiveTop(documents, 10)
      assert(exact.filter(id => answers[0]!.includes(id)).length >= 8)
    })

    it('says in its log what computes its scores, so that servers that differ can be told', async () => {
      const { kernel, threads } = server.logged.find(({ msg }) => msg === 'scoring backend started')!
      assert.match(String(kernel), /^onnxruntime \d+\.\d+\.\d+ cpu on \S/)
      assert.equal(threads, 1)
    })

    it('answers for an index without documents', async () => {
      const manifest = await createTestIndex(store, { name: nextName(), width, shards: 2 })
      const { results } = await search(manifest)
      assert.deepEqual(
        results.map(({ hits, stopReason, error }) => ({ hits: hits.length, stopReason, error })),
        Array(2).fill({ hits: 0, stopReason: StopReason.STOP_REASON_COMPLETE, error: undefined }),
      )
    })

    it('fails a shard whose segment has one flipped byte, by name, and answers for the others', async () => {
      const documents = testDocuments(400, width)
      const manifest = await putTestDocuments(
        store,
        await createTestIndex(store, { name: nextName(), width, shards: 2 }),
        documents,
      )
      const { digest } = manifest.segments.find(segment => segment.shard === 1)!
      for (const name of ['vectors.safetensors', 'ids.arrow', 'documents.arrow', 'segment.json']) {
        const path = join(root, `indexes/${manifest.index}/generations/1/segments`, digest, name)
        const bytes = await readFile(path)
        const altered = Buffer.from(bytes)
        altered[bytes.length >> 1]! ^= 4
        await writeFile(path, altered)
        const { shards } = await server.prepare(manifest, [0, 1])
        assert.equal(shards[0]!.error, undefined)
        assert.equal(shards[0]!.documents, eligibleDocuments(manifest, 0))
        assert.equal(shards[1]!.error?.code, 'corrupt_data')
        assert.match(shards[1]!.error!.message, new RegExp(name.replace('.', '\\.')))
        const { results } = await search(manifest)
        assert.equal(results[0]!.stopReason, StopReason.STOP_REASON_COMPLETE)
        assert.equal(results[1]!.stopReason, StopReason.STOP_REASON_ERROR)
        assert.equal(results[1]!.hits.length, 0)
        await writeFile(path, bytes)
      }
      // Mended files are found by the next query, without a restart.
      assert.deepEqual(merged(await search(manifest), 10), naiveTop(documents, 10))
    })

    const refusals = [
      ['a q-net of another model', { qnet: { ...testQNet(small), modelDigest: 'cd'.repeat(32) } }, 'model_mismatch'],
      ['a q-net of another width', { qnet: testQNet(publishedArchitecture(16, 1)) }, 'model_mismatch'],
      ['no q-net', { qnet: undefined }, 'invalid_request'],
      [
        'weights that do not hash to their digest',
        { qnet: { ...testQNet(small), digest: 'ef'.repeat(32) } },
        'invalid_request',
      ],
      ['weights of another length', { qnet: { ...testQNet(small), weights: Buffer.alloc(8) } }, 'invalid_request'],
      ['a limit of 0', { limit: 0 }, 'invalid_request'],
      ['a limit of a billion', { limit: 1_000_000_000 }, 'invalid_request'],
      ['a shard that does not exist', { shards: [7] }, 'invalid_request'],
      ['a shard twice', { shards: [0, 0] }, 'invalid_request'],
      ['no shard', { shards: [] }, 'invalid_request'],
      ['no manifest', { manifest: undefined }, 'invalid_request'],
      ['a manifest version that does not exist', 'unknown version', 'corrupt_data'],
      ['an index that does not exist', 'unknown index', 'index_not_found'],
    ] as const

    it('refuses what makes no sense, each with its code, and serves on', async () => {
      const documents = testDocuments(20, width)
      const empty = await createTestIndex(store, { name: nextName(), width, shards: 2 })
      const manifest = await putTestDocuments(store, empty, documents)
      const requests = {
        'unknown version': { manifest: { ...manifest, version: 99 } },
        'unknown index': { manifest: { ...manifest, index: 'b' } },
      }
      for (const [problem, change, code] of refusals) {
        const request = typeof change === 'string' ? requests[change] : (change as Partial<SearchShardsRequest>)
        await assert.rejects(search(manifest, request), { code }, problem)
        assert.deepEqual(merged(await search(manifest), 5), naiveTop(documents, 5))
      }
    })

    it('scores the shards it holds while another is still being loaded', async () => {
      const empty = await createTestIndex(store, { name: nextName(), width, shards: 2 })
      const manifest = await putTestDocuments(store, empty, testDocuments(1_000, width))
      await server.prepare(manifest, [0])
      // Opening a named pipe waits for somebody who writes: a disk that hangs.
      const { digest } = manifest.segments.find(segment => segment.shard === 1)!
      const pipe = join(root, `indexes/${manifest.index}/generations/1/segments`, digest, 'vectors.safetensors')
      await rm(pipe)
      execFileSync('mkfifo', [pipe])
      const { results } = await search(manifest, {}, Deadline.after(3_000)).finally(async () => {
        const end = await open(pipe, 'w')
        // Gone before the reader goes on: it reads once more what seems damaged.
        await rm(pipe)
        await end.close()
      })
      assert.equal(results[0]!.stopReason, StopReason.STOP_REASON_COMPLETE)
      assert.equal(results[0]!.documentsScored, eligibleDocuments(manifest, 0))
      assert.equal(results[1]!.error?.code, 'deadline_exceeded')
    })
  })

  describe('with settings of its own', () => {
    beforeEach(makeStore)
    afterEach(clean)

    it('refuses a segment that does not fit in its memory', async () => {
      await start({ HYPERSHARD_SHARD_MEMORY_BYTES: heldBytes(100) })
      const empty = await createTestIndex(store, { name: 'a', width, shards: 1 })
      const manifest = await putTestDocuments(store, empty, testDocuments(101, width))
      const { results } = await search(manifest)
      assert.equal(results[0]!.error?.code, 'overloaded')
      assert.match(results[0]!.error!.message, /HYPERSHARD_SHARD_MEMORY_BYTES/)
    })

    it('frees the memory of an index that is released', async () => {
      await start({ HYPERSHARD_SHARD_MEMORY_BYTES: 1.5 * heldBytes(100) })
      for (const name of ['a', 'b', 'c']) {
        const empty = await createTestIndex(store, { name, width, shards: 1 })
        const manifest = await putTestDocuments(store, empty, testDocuments(100, width))
        const { shards } = await server.prepare(manifest, [0])
        assert.equal(shards[0]!.error, undefined, name)
        await server.release(manifest)
      }
    })

    it('frees the memory of a generation that is released, and loads it again when it is asked for', async () => {
      await start({ HYPERSHARD_SHARD_MEMORY_BYTES: 1.5 * heldBytes(100) })
      const documents = testDocuments(100, width)
      const [one, other] = await Promise.all(
        ['a', 'b'].map(async name =>
          putTestDocuments(store, await createTestIndex(store, { name, width, shards: 1 }), documents),
        ),
      )
      for (const manifest of [one!, other!, one!]) {
        const { results } = await search(manifest)
        assert.equal(results[0]!.error, undefined)
        assert.equal(results[0]!.documentsScored, 100)
        await server.release(manifest, 1)
      }
      await server.release(one!, 2)
    })

    it('gives up an older version rather than refuse the new one when memory is short', async () => {
      await start({ HYPERSHARD_SHARD_MEMORY_BYTES: 1.5 * heldBytes(100) })
      const first = await putTestDocuments(
        store,
        await createTestIndex(store, { name: 'a', width, shards: 1 }),
        testDocuments(100, width),
      )
      assert.equal((await search(first)).results[0]!.error, undefined)
      const replaced = testDocuments(200, width).slice(100)
      const second = await putTestDocuments(
        store,
        first,
        testDocuments(100, width).map(({ id }, row) => ({ id, vector: replaced[row]!.vector })),
      )
      assert.equal((await search(second)).results[0]!.error, undefined)
    })

    it('shares a scan out between its threads and answers as one thread does', async () => {
      const documents = testDocuments(3_000, width)
      const manifest = await putTestDocuments(
        store,
        await createTestIndex(store, { name: 'a', width, shards: 2 }),
        documents,
      )
      const answers = []
      for (const threads of [1, 3]) {
        await start({ HYPERSHARD_SHARD_THREADS: threads })
        const { results } = await search(manifest, { limit: 50 })
        answers.push(results.map(({ hits, documentsScored, stopReason }) => ({ hits, documentsScored, stopReason })))
        await server.stop()
      }
      assert.deepEqual(answers[1], answers[0])
    })
  })
})
