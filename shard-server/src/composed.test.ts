import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor, publishedArchitecture } from '@hypershard/harness/qnets'
import {
  type ComposedQuery,
  type QueryNode,
  SearchPlan,
  type SearchShardsRequest,
  type ShardHit,
} from '@hypershard/proto/shard'
import { QNetScorer, readWeights } from '@hypershard/qnet'
import { type Manifest, type ObjectStore, readRangeSample } from '@hypershard/storage'
import fc from 'fast-check'
import { readComposed } from './search/read-composed.ts'
import { naiveValue } from './testing/naive-expression.ts'
import { createTestIndex, putTestDocuments, type TestDocument } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 16
const architecture = publishedArchitecture(width, 1)
const shardCounts = [1, 2, 4, 8]

/** Many have the same vector, so that they tie. */
const documents: readonly TestDocument[] = Array.from({ length: 700 }, (_, at) => ({
  id: `document-${at}`,
  vector: pseudoRandomTensor(at % 450, width, 1),
}))

const leaf = (value: number, weight = 1): QueryNode => ({ weight, kind: { $case: 'leaf', value } })
const any = (nodes: QueryNode[], weight = 1): QueryNode => ({ weight, kind: { $case: 'any', value: { nodes } } })
const all = (nodes: QueryNode[], weight = 1): QueryNode => ({ weight, kind: { $case: 'all', value: { nodes } } })
const not = (node: QueryNode, weight = 1): QueryNode => ({ weight, kind: { $case: 'not', value: node } })

const roots: readonly QueryNode[] = [
  any([leaf(0), leaf(1), leaf(2)]),
  all([leaf(0), leaf(1, 3), leaf(2)]),
  any([leaf(0), not(leaf(1), 2), leaf(2, 0.5)]),
  all([any([leaf(0), leaf(1)], 2), not(leaf(2))]),
]

describe('a composed query', () => {
  let store: ObjectStore
  let remove: () => Promise<void>
  let server: TestShardServer
  const manifests: Manifest[] = []

  before(async () => {
    const made = await createTestStore()
    ;({ store, remove } = made)
    for (const shards of shardCounts) {
      const empty = await createTestIndex(store, { name: `shards-${shards}`, width, shards })
      manifests.push(await putTestDocuments(store, empty, documents))
    }
    server = await startTestShardServer(made.root, { HYPERSHARD_SHARD_THREADS: 2 })
  })

  after(async () => {
    await server.stop()
    await remove()
    assert.deepEqual(server.deaths, [])
  })

  const composedOf = (root: QueryNode, seeds: readonly number[]): ComposedQuery => ({
    root,
    leaves: seeds.map(seed => ({ qnet: testQNet(architecture, seed), tokenStates: undefined })),
  })

  async function search(manifest: Manifest, request: Partial<SearchShardsRequest>): Promise<ShardHit[]> {
    const { results } = await server.search(manifest, { qnet: undefined, ...request })
    for (const { error } of results) assert.equal(error, undefined)
    return results.flatMap(({ hits }) => hits).sort(compareRank)
  }

  /** By document, what each leaf scores, in deviations from its mean on the sample: in plain loops. */
  async function naiveLeaves(seeds: readonly number[]): Promise<number[][]> {
    const scorer = new QNetScorer(architecture)
    const sample = await readRangeSample(store, manifests[0]!)
    const vectors = new Float32Array(documents.length * width)
    for (const [at, { vector }] of documents.entries()) vectors.set(vector, at * width)
    const byLeaf: number[][] = []
    for (const seed of seeds) {
      const { weights } = testQNet(architecture, seed)
      const block = await scorer.prepareFp32(readWeights(architecture, weights, 'f32'))
      const known = [...(await block.score(sample))]
      const mean = known.reduce((sum, score) => sum + score, 0) / known.length
      const deviation = Math.sqrt(known.reduce((sum, score) => sum + (score - mean) ** 2, 0) / known.length)
      byLeaf.push(Array.from(await block.score(vectors), score => (score - mean) / deviation))
    }
    return documents.map((_, at) => byLeaf.map(scores => scores[at]!))
  }

  it('ranks all documents by its expression, to the bit from any number of shards', async () => {
    const drawn = fc.tuple(
      fc.constantFrom(...roots),
      fc.array(fc.nat(1_000), { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 1, max: 40 }),
    )
    const property = fc.asyncProperty(drawn, async ([root, seeds, limit]) => {
      const composed = composedOf(root, seeds)
      const expression = readComposed(composed)
      const leaves = await naiveLeaves(seeds)
      const values = new Map(documents.map(({ id }, at) => [id, naiveValue(expression, leaves[at]!)]))
      const answers: unknown[] = []
      for (const manifest of manifests) {
        const hits = (await search(manifest, { composed, limit })).slice(0, limit)
        answers.push(hits.map(({ id, score, composed: own }) => ({ id, score, own })))
        for (const { id, score, composed: own } of hits) {
          assert.ok(Math.abs(score - values.get(id)!) < 1e-3, `${id}: ${score}, ${values.get(id)}`)
          const expected = leaves[documents.findIndex(document => document.id === id)]!
          for (const [at, value] of own!.scores.entries()) assert.ok(Math.abs(value - expected[at]!) < 1e-3)
        }
        const least = hits.at(-1)!.score
        const better = [...values].filter(([, value]) => value > least + 1e-3).map(([id]) => id)
        for (const id of better)
          assert.ok(
            hits.some(hit => hit.id === id),
            id,
          )
      }
      for (const answer of answers) assert.deepEqual(answer, answers[0])
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 6, thorough: 30 }) })
  })

  it('finds by tangent what scoring all finds, once all are candidates, and by recall', async () => {
    const { SEARCH_PLAN_AUTO, SEARCH_PLAN_TANGENT } = SearchPlan
    for (const [at, root] of roots.entries()) {
      const composed = composedOf(root, [3 * at, 3 * at + 1, 3 * at + 2])
      const exact = await search(manifests[1]!, { composed })
      for (const candidates of [699, 700]) {
        const plan = { plan: SEARCH_PLAN_TANGENT, candidates }
        assert.deepEqual(await search(manifests[1]!, { composed, ...plan }), exact)
      }
      const auto = { plan: SEARCH_PLAN_AUTO, recall: 0.99, recallHits: 10 }
      assert.deepEqual(await search(manifests[1]!, { composed, ...auto }), exact)
    }
  })

  it('of two leaves under `any` finds what searches of each find, merged by comparable scores', async () => {
    const seeds = [5, 6]
    const leaves = await naiveLeaves(seeds)
    const composed = composedOf(any([leaf(0), leaf(1)]), seeds)
    const hits = (await search(manifests[2]!, { composed })).slice(0, 10)
    const lists = await Promise.all(
      seeds.map(seed => search(manifests[2]!, { qnet: testQNet(architecture, seed), limit: 10 })),
    )
    const best = new Map<string, number>()
    for (const [at, list] of lists.entries()) {
      for (const { id } of list.slice(0, 10)) {
        const value = leaves[documents.findIndex(document => document.id === id)]![at]!
        best.set(id, Math.max(best.get(id) ?? Number.NEGATIVE_INFINITY, value))
      }
    }
    const merged = [...best].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score)
    const scores = (of: readonly { score: number }[]) => of.slice(0, 10).map(({ score }) => score.toFixed(4))
    assert.deepEqual(scores(hits), scores(merged))
    for (const { composed: own } of hits) assert.equal(own!.leaf, own!.scores[0]! >= own!.scores[1]! ? 0 : 1)
  })

  it('is refused where nobody could score it, each time by name', async () => {
    const seeds = Array.from({ length: 17 }, (_, at) => at)
    const deep = [...Array(5)].reduce<QueryNode>(node => any([node]), leaf(0))
    const cases: [ComposedQuery, RegExp][] = [
      [composedOf(any(seeds.map(at => leaf(at))), seeds), /1 to 16 leaves, not 17/],
      [composedOf(any([]), [1]), /`any` has no node/],
      [composedOf(all([not(leaf(0))]), [1]), /`all` has no node that is not excluded/],
      [composedOf(not(leaf(0)), [1]), /`not` stands inside/],
      [composedOf(deep, [1]), /more than 5 deep/],
      [composedOf(any([leaf(0), leaf(0)]), [1]), /no leaf 0 is left/],
      [composedOf(any([leaf(0), leaf(2)]), [1, 2]), /no leaf 2 is left/],
      [composedOf(any([leaf(0)]), [1, 2]), /leaves that no node names/],
      [composedOf(leaf(0, 0), [1]), /a weight must be/],
      [composedOf(leaf(0, Number.NaN), [1]), /a weight must be/],
      [composedOf(leaf(0, 1e38), [1]), /a weight must be/],
      [composedOf({ weight: 1, kind: undefined }, [1]), /no known kind/],
    ]
    for (const [composed, message] of cases)
      await assert.rejects(server.search(manifests[0]!, { composed }), { code: 'invalid_request', message })
  })

  it('has leaves of one model, each verified, and takes those by their digests that were sent before', async () => {
    const composed = composedOf(any([leaf(0), leaf(1)]), [71, 72])
    const [first, second] = composed.leaves.map(({ qnet }) => qnet!)
    const withSecond = (qnet: typeof first) => ({
      composed: { ...composed, leaves: [composed.leaves[0]!, { qnet, tokenStates: undefined }] },
    })
    const nothing = Buffer.alloc(0)
    await assert.rejects(server.search(manifests[0]!, withSecond({ ...second!, weights: nothing })), {
      code: 'query_unknown',
    })
    const altered = Buffer.from(second!.weights)
    altered[5]! ^= 1
    await assert.rejects(server.search(manifests[0]!, withSecond({ ...second!, weights: altered })), {
      code: 'invalid_request',
      message: /do not hash/,
    })
    await assert.rejects(server.search(manifests[0]!, withSecond({ ...second!, modelDigest: 'cd'.repeat(32) })), {
      code: 'model_mismatch',
    })
    const hits = await search(manifests[0]!, { composed })
    const leaves = [first, second].map(qnet => ({ qnet: { ...qnet!, weights: nothing }, tokenStates: undefined }))
    assert.deepEqual(await search(manifests[0]!, { composed: { ...composed, leaves } }), hits)
  })
})
