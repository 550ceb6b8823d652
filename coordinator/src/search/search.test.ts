import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, HypershardError } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import { writeSegments } from '@hypershard/indexer'
import { candidatesOfCallMax, expansionMax } from '@hypershard/proto/limits'
import { SearchPlan } from '@hypershard/proto/shard'
import { commitSegments, createDirectoryStore } from '@hypershard/storage'
import { Catalog } from '../catalog/catalog.ts'
import { ModelRegistry } from '../catalog/model-registry.ts'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import { WordCounts } from '../words/word-counts.ts'
import { AnswerCache } from './answer-cache.ts'
import { FanOutRecord } from './fan-out-record.ts'
import { PairScores } from './pair-scores.ts'
import { QueryEncoder } from './query-encoder.ts'
import { type MeasuredQuery, QueryForms } from './query-forms.ts'
import { type SearchParts, search } from './search.ts'
import type { SearchInput } from './search-input.ts'

const soon = () => Deadline.after(10_000)

const corpus = Array.from({ length: 20 }, (_, at) => ({
  id: `d${at}`,
  title: '',
  text: `stars ${'dust '.repeat(at)}`,
  fields: '{}',
  version: 1,
}))

const whole: SearchInput = {
  index: 'papers',
  generation: undefined,
  query: 'stars dust',
  k: 5,
  cursor: undefined,
  minCoverage: 1,
  profile: true,
  cache: true,
  idsOnly: false,
  precision: 'fp32',
  plan: 'exact',
  candidates: 7,
  expansion: 9,
  recall: 0.95,
  filter: undefined,
  minSequence: 0,
}

/** Notes what is learnt of each form. */
class NotingForms extends QueryForms {
  readonly learnt: ({ form: string } & MeasuredQuery)[] = []

  override learn(...[, form, measured]: Parameters<QueryForms['learn']>): void {
    this.learnt.push({ form, ...measured })
  }
}

describe('a search', () => {
  let directory: string
  let server: FakeShardServer
  let forms: NotingForms
  let encoder: FakeEncoder
  let mended: string[]
  let parts: SearchParts

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-search-'))
    const store = await createDirectoryStore(directory)
    const catalog = await Catalog.load(store)
    encoder = new FakeEncoder()
    const model = { name: 'words', digest: encoder.models[0]!.digest }
    const shape = { name: 'papers', shards: 2, replicas: 1, vectorWidth: 16, model }
    const entry = await catalog.create(shape, soon())
    const writing = { store, encoder, onEncoded: () => undefined }
    const { added } = await writeSegments(entry.manifest, corpus, writing, quietContext())
    catalog.publish({ ...entry, manifest: await commitSegments(store, entry.manifest, added) })
    server = new FakeShardServer('s0:1', () => store)
    const cluster = clusterOf([server])
    cluster.members[0]!.markLive()
    forms = new NotingForms('auto')
    const queryEncoder = new QueryEncoder(encoder, { cacheBytesMax: 1_000_000 })
    mended = []
    const models = new ModelRegistry(encoder)
    const modelKeeper = { mend: (model: string) => void mended.push(model) }
    const answers = new AnswerCache(1_000_000)
    parts = {
      catalog,
      cluster,
      queryEncoder,
      queryForms: forms,
      modelKeeper,
      models,
      answers,
      pairScores: new PairScores(encoder),
      wordCounts: new WordCounts(),
      fanOuts: new FanOutRecord(),
    }
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** All pages, one after the other. */
  async function pages(input: SearchInput): Promise<string[][]> {
    const found: string[][] = []
    let cursor: string | undefined
    do {
      const { hits, nextCursor } = await search({ ...input, cursor }, quietContext(), parts)
      found.push(hits.map(({ id }) => id))
      cursor = nextCursor ?? undefined
    } while (cursor !== undefined)
    return found
  }

  it('asks, for a page, for as many more candidates as all pages before it gave hits', async () => {
    const found = await pages({ ...whole, plan: 'graph' })
    assert.deepEqual(
      found.map(ids => ids.length),
      [5, 5, 5, 5],
    )
    const asked = server.searches.map(({ limit, candidates, expansion, recallHits }) => ({
      limit,
      candidates,
      expansion,
      recallHits,
    }))
    assert.deepEqual(asked, [
      { limit: 6, candidates: 7, expansion: 9, recallHits: 5 },
      { limit: 6, candidates: 12, expansion: 14, recallHits: 10 },
      { limit: 6, candidates: 17, expansion: 19, recallHits: 15 },
      { limit: 6, candidates: 22, expansion: 24, recallHits: 20 },
    ])
  })

  it('gives every document once over its pages, in one order, whatever their size', async () => {
    const all = (await pages({ ...whole, k: 100 })).flat()
    assert.equal(new Set(all).size, corpus.length)
    for (const k of [1, 3, 20]) assert.deepEqual((await pages({ ...whole, k })).flat(), all)
  })

  it('takes a plan that goes on where the one asked for would end', async () => {
    const { nextCursor } = await search({ ...whole, plan: 'graph', k: 1 }, quietContext(), parts)
    const place = JSON.parse(Buffer.from(nextCursor!, 'base64url').toString())
    for (const [plan, given, taken] of [
      ['graph', expansionMax - 2, SearchPlan.SEARCH_PLAN_GRAPH],
      ['graph', expansionMax - 1, SearchPlan.SEARCH_PLAN_TANGENT],
      ['graph', candidatesOfCallMax - 1, SearchPlan.SEARCH_PLAN_EXACT],
    ] as const) {
      const cursor = Buffer.from(JSON.stringify({ ...place, n: given })).toString('base64url')
      const { hits } = await search({ ...whole, plan, k: 1, cursor }, quietContext(), parts)
      assert.deepEqual([hits.length, server.searches.at(-1)!.plan], [1, taken], `${given}`)
    }
  })

  it('asks for at least one candidate more than the page has hits', async () => {
    await search({ ...whole, plan: 'tangent', k: 12, candidates: 1, expansion: 1 }, quietContext(), parts)
    const [{ candidates, expansion }] = server.searches as [(typeof server.searches)[number]]
    assert.deepEqual([candidates, expansion], [13, 13])
  })

  it('learns of a query form what its call took each server but for scoring', async () => {
    const { profile } = await search(whole, quietContext(), parts)
    const perServerMs = Math.min(...profile!.shards.map(shard => shard.shipMs + shard.headMs))
    const [{ perServerMs: learnt, ...others }] = forms.learnt as [NotingForms['learnt'][number]]
    assert.deepEqual(others, { form: 'weights', bytes: profile!.qnetBytes, servers: 1, headMs: 0 })
    assert.ok(Math.abs(learnt - perServerMs) < 1e-6)
  })

  for (const code of ['model_not_found', 'invalid_model'] as const) {
    it(`is asked again with weights when a server answers token states with ${code}, which the keeper is told`, async () => {
      encoder.answersTokenStates = true
      parts = { ...parts, queryForms: new QueryForms('token_states') }
      const { search: answer } = server
      server.search = async (request, context) => {
        if (request.tokenStates !== undefined) throw new HypershardError(code, 'no hyper-head here')
        return answer.call(server, request, context)
      }
      const { hits, coverage, profile } = await search(whole, quietContext(), parts)
      assert.deepEqual([hits.length, coverage.ratio, profile!.queryForm], [5, 1, 'weights'])
      assert.deepEqual(mended, [parts.catalog.get('papers').manifest.modelDigest])
      await search({ ...whole, query: 'another' }, quietContext(), parts)
      assert.deepEqual(
        server.searches.map(({ tokenStates }) => tokenStates),
        [undefined, undefined],
      )
    })
  }

  it('learns nothing of a query that was in the cache, nor of one that nobody answered', async () => {
    await search(whole, quietContext(), parts)
    await search(whole, quietContext(), parts)
    assert.equal(forms.learnt.length, 1)
    server.down = true
    await search({ ...whole, query: 'another', minCoverage: 0 }, quietContext(), parts)
    assert.equal(forms.learnt.length, 1)
  })

  it('leaves a tenth of the time, and at most 200 ms, for what comes after the shard servers', async () => {
    const left: number[] = []
    const { search: answer } = server
    server.search = (request, context) => {
      left.push(context.deadline.remainingMs)
      return answer.call(server, request, context)
    }
    const clock = { now: () => 0, monotonicMs: () => 0 }
    for (const ms of [1_000, 60_000]) await search(whole, quietContext(Deadline.after(ms, { clock })), parts)
    assert.deepEqual(left, [900, 59_800])
  })

  it('asks no server for a shard without documents', async () => {
    await parts.catalog.create({ ...parts.catalog.get('papers').record, name: 'empty' }, soon())
    const { hits, coverage } = await search({ ...whole, index: 'empty' }, quietContext(), parts)
    assert.deepEqual([hits, coverage.ratio, server.searches.length], [[], 1, 0])
  })
})
