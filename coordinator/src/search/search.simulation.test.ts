import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareRank, Deadline, HypershardError, waitWithin } from '@hypershard/common'
import { casesOf, embed, FakeEncoder, quietContext, Random, scoreOf } from '@hypershard/harness'
import { writeSegments } from '@hypershard/indexer'
import { ScoringPrecision, SearchPlan } from '@hypershard/proto/shard'
import { commitSegments, createDirectoryStore, type Manifest, type ObjectStore, shardOf } from '@hypershard/storage'
import { Catalog } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import { ModelRegistry } from '../catalog/model-registry.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import { WordCounts } from '../words/word-counts.ts'
import { AnswerCache } from './answer-cache.ts'
import { FanOutRecord } from './fan-out-record.ts'
import { kindOf } from './hedging.ts'
import { PairScores } from './pair-scores.ts'
import { QueryEncoder } from './query-encoder.ts'
import { QueryForms } from './query-forms.ts'
import { search } from './search.ts'
import type { SearchAnswer } from './search-answer.ts'
import type { SearchInput } from './search-input.ts'

const seeds = casesOf({ usual: 100, thorough: 400 })

/** A step that does not know the deadline of 150 ms would wait for a hanging server forever. */
const hangMsMin = 60_000
const shapes = [
  { name: 'one', shards: 1, replicas: 1 },
  { name: 'four', shards: 4, replicas: 1 },
  { name: 'twice', shards: 4, replicas: 2 },
  { name: 'many', shards: 9, replicas: 3 },
] as const

const corpus = Array.from({ length: 80 }, (_, at) => ({
  id: `d${at}`,
  title: '',
  text: `${['stars', 'moon', 'sun'][at % 3]} ${['dust', 'comet'][at % 2]}`,
  fields: `{"at":${at}}`,
}))

interface Scenario {
  readonly servers: readonly FakeShardServer[]
  readonly cluster: Cluster
  readonly input: SearchInput
  /** Nobody misbehaves, so the answer must be whole. */
  readonly healthy: boolean
}

/** Draws a cluster of 1 to 4 servers of which some are down, hang, are slow, lie, or fail shards or fetches. */
function draw(seed: number, store: ObjectStore): Scenario {
  const random = new Random(seed)
  const count = 1 + random.below(4)
  const servers = Array.from({ length: count }, (_, at) => new FakeShardServer(`s${seed}-${at}:1`, () => store))
  const healthy = random.chance(0.2)
  for (const server of healthy ? [] : servers) {
    server.down = random.chance(0.15)
    server.hanging = random.chance(0.1)
    server.fetchFails = random.chance(0.1)
    server.fetchMixesUp = random.chance(0.1)
    server.searchMs = random.pick([0, 0, 5, 500])
    server.claimScored = random.pick([scored => scored, scored => scored * 3, scored => Math.ceil(scored / 2)])
    for (let shard = 0; shard < 9; shard++) if (random.chance(0.05)) server.failingShards.add(shard)
  }
  const cluster = clusterOf(servers, { weightOf: () => random.pick([1, 1, 2]), random: () => random.next() })
  for (const member of cluster.members) {
    // Health may not have noticed yet that a server is gone, and may be wrong about one that is not.
    const known =
      random.chance(0.5) &&
      (servers.find(({ address }) => address === member.address)!.down || (!healthy && random.chance(0.1)))
    if (known) member.markDown('seen down')
    else member.markLive()
  }
  const common = {
    cursor: undefined,
    profile: random.chance(0.5),
    cache: random.chance(0.5),
    precision: 'fp32' as const,
    plan: 'exact' as const,
    candidates: 200,
    filter: undefined,
    expansion: 0,
    recall: 1,
    minSequence: 0,
    generation: undefined,
    idsOnly: random.chance(0.3),
  }
  const wanted = { k: random.pick([1, 5, 80, 200]), minCoverage: random.pick([1, 1, 0.5, 0]) }
  const query = random.pick(['stars', 'moon dust', 'sun comet comet'])
  return { servers, cluster, input: { index: random.pick(shapes).name, query, ...wanted, ...common }, healthy }
}

describe('a search through a cluster that misbehaves', () => {
  let directory: string
  let store: ObjectStore
  let catalog: Catalog
  const encoder = new FakeEncoder()
  /** Of all seeds. How long calls take is known from the start, so that late ones are hedged. */
  const fanOuts = new FanOutRecord()
  /** Of all seeds: what one cluster found whole holds for every other. */
  const answers = new AnswerCache(10_000_000)

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-simulation-'))
    store = await createDirectoryStore(directory)
    catalog = await Catalog.load(store)
    const model = { name: 'words', digest: encoder.models[0]!.digest }
    for (const shape of shapes) {
      const entry = await catalog.create({ ...shape, vectorWidth: 16, model }, Deadline.after(10_000))
      const puts = corpus.map(document => ({ ...document, version: 1 }))
      const parts = { store, encoder, onEncoded: () => undefined }
      const { added } = await writeSegments(entry.manifest, puts, parts, quietContext())
      const manifest = await commitSegments(store, entry.manifest, added)
      catalog.publish({ ...entry, manifest })
      noteUsualCalls(manifest)
    }
  })

  after(() => rm(directory, { recursive: true, force: true }))

  it(`is answered whole, or in part with its true coverage, or by a typed failure (${seeds} seeds)`, async () => {
    const tally = { whole: 0, partial: 0, failed: 0 }
    const queue = Array.from({ length: seeds }, (_, seed) => seed)
    const worker = async () => {
      for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
        try {
          tally[await playOut(draw(seed, store))]++
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
        }
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    // A simulation in which one of these never comes is blind.
    for (const [outcome, times] of Object.entries(tally)) assert.ok(times > seeds / 20, `${outcome}: ${times}`)
    assert.ok(fanOuts.hedging.counts.asked > 0, 'no call was late')
  })

  function noteUsualCalls(manifest: Manifest): void {
    const how = { manifest, filter: undefined, plan: SearchPlan.SEARCH_PLAN_EXACT }
    for (let documents = 1; documents <= corpus.length; documents *= 2) {
      const kind = kindOf({ ...how, precision: ScoringPrecision.SCORING_PRECISION_FP32 }, documents)
      for (let call = 0; call < 60; call++) fanOuts.hedging.noteCall(kind, 5, performance.now())
      for (let call = 0; call < 20; call++) fanOuts.hedging.budget.earn()
    }
  }

  async function playOut({ cluster, input, healthy }: Scenario): Promise<'whole' | 'partial' | 'failed'> {
    const { manifest } = catalog.get(input.index)
    for (const member of cluster.members) {
      for (let shard = 0; shard < manifest.shards && member.live; shard++) {
        member.markWarm({ indexUid: manifest.indexUid, version: manifest.version, shard })
      }
    }
    const queryEncoder = new QueryEncoder(encoder, { cacheBytesMax: 1_000_000 })
    const queryForms = new QueryForms('auto')
    const models = new ModelRegistry(encoder)
    const modelKeeper = { mend: () => undefined }
    const pairScores = new PairScores(encoder)
    const wordCounts = new WordCounts()
    const ofQueries = { queryEncoder, queryForms, models, modelKeeper, pairScores, wordCounts }
    const parts = { catalog, cluster, ...ofQueries, answers, fanOuts }
    const context = quietContext(Deadline.after(healthy ? hangMsMin : 150))
    const searching = search(input, context, parts).catch((error: unknown) => error)
    const outcome = await waitWithin(searching, Deadline.after(2 * hangMsMin), 'a search whose deadline has passed')
    if (outcome instanceof Error) {
      assert.ok(outcome instanceof HypershardError, String(outcome))
      assert.equal(healthy, false, outcome.message)
      checkFailure(outcome, input)
      return 'failed'
    }
    checkAnswer(outcome as SearchAnswer, input)
    return (outcome as SearchAnswer).coverage.missing.length === 0 ? 'whole' : 'partial'
  }

  function checkFailure(failure: HypershardError, input: SearchInput): void {
    assert.ok(['insufficient_coverage', 'deadline_exceeded'].includes(failure.code), failure.code)
    if (failure.code !== 'insufficient_coverage') return
    const coverage = failure.details.coverage as { ratio: number; missing: { server: string }[] }
    assert.ok(coverage.ratio < input.minCoverage)
    for (const { server } of coverage.missing) assert.match(server, /^s\d+-\d:1$/)
  }

  function checkAnswer({ hits, coverage, nextCursor }: SearchAnswer, input: SearchInput): void {
    const { manifest } = catalog.get(input.index)
    const eligible = eligibleByShard(manifest)
    const missing = new Map(coverage.missing.map(shard => [shard.shard, shard.documentsMissing]))
    const missed = [...missing.values()].reduce((sum, documents) => sum + documents, 0)
    assert.equal(coverage.documentsEligible, corpus.length)
    assert.equal(coverage.documentsScored, corpus.length - missed)
    assert.equal(coverage.ratio, coverage.documentsScored / corpus.length)
    assert.ok(coverage.ratio >= input.minCoverage)
    // Who says half gives all the hits; who gives nothing is missing whole.
    const searched = (id: string) => {
      const shard = shardOf(id, manifest.shards)
      return missing.get(shard) !== eligible[shard]
    }
    const expected = rankedIds(input.query).filter(searched)
    assert.deepEqual(
      hits.map(({ id }) => id),
      expected.slice(0, input.k),
    )
    assert.equal(nextCursor === null, expected.length <= input.k)
    for (const { id, document } of hits) {
      assert.equal(document?.text, input.idsOnly ? undefined : corpus[Number(id.slice(1))]!.text)
    }
  }
})

function rankedIds(query: string): string[] {
  const weights = embed(query)
  const scored = corpus.map(({ id, text }) => ({ id, score: scoreOf(weights, embed(` ${text}`)) }))
  return scored.sort(compareRank).map(({ id }) => id)
}
