import assert from 'node:assert/strict'
import { NotReachable, ServerProblem } from '@hypershard/client'
import type { SearchAnswer, SearchRequest } from '@hypershard/contract'
import { askJudged, askRecall, type IndexWish, UnusableInput } from './ask-index.ts'

const queries = new Map(Array.from({ length: 6 }, (_, at) => [`q${at}`, `text ${at}`]))
const expressions = new Map()
const judgements = new Map([...queries.keys()].slice(0, 4).map(id => [id, new Map([['a', 1]])]))

const wish: IndexWish = {
  index: 'papers',
  settings: { plan: 'tangent', candidates: 50 },
  filter: { field: 'year', gte: 2020 },
  limit: 20,
  concurrency: 2,
  allowFailures: false,
}

function answerTo({ plan, query }: SearchRequest): SearchAnswer {
  const hits = [{ id: 'a', score: 2 }, plan === 'exact' ? { id: 'b', score: 1 } : { id: `${query}`, score: 0.5 }]
  const coverage = { ratio: 1, documents_scored: 5 } as SearchAnswer['coverage']
  const profile = { fan_out_ms: 1 } as NonNullable<SearchAnswer['profile']>
  const facts = { query_truncated: false, query_tokens: 2, query_unknown_tokens: 0, manifest_version: 3 }
  return { ...({} as SearchAnswer), hits, coverage, profile, ...facts }
}

function searcher(fail: (request: SearchRequest) => Error | undefined = () => undefined) {
  const asked: SearchRequest[] = []
  const progress: string[] = []
  const search = async (index: string, request: SearchRequest) => {
    assert.equal(index, 'papers')
    asked.push(request)
    const error = fail(request)
    if (error !== undefined) throw error
    return answerTo(request)
  }
  const stop = new AbortController()
  const watched = {
    signal: stop.signal,
    onProgress: ({ done, total }: { done: number; total: number }) => void progress.push(`${done}/${total}`),
  }
  return { client: { search }, asked, progress, stop, watched }
}

const problem = (code: string, status: number, retryable = false) =>
  new ServerProblem({ type: '', title: '', status, code, detail: `it is ${code}`, retryable, details: {} })

describe('asking an index from the evaluation page', () => {
  it('asks judged queries alone, for ids of whole answers, with the settings and the filter', async () => {
    const { client, asked, progress, watched } = searcher()
    const { run, asked: facts } = await askJudged(client, wish, { queries, expressions, judgements }, watched)
    assert.deepEqual(asked[0], {
      plan: 'tangent',
      candidates: 50,
      filter: { field: 'year', gte: 2020 },
      k: 20,
      query: 'text 0',
      ids_only: true,
      min_coverage: 1,
    })
    assert.deepEqual([...run.keys()], ['q0', 'q1', 'q2', 'q3'])
    assert.deepEqual([asked.length, progress.at(-1), facts.manifestVersions], [4, '4/4', [3]])
  })

  it('asks an expression in the place of its text', async () => {
    const { client, asked, watched } = searcher()
    const any = { any: ['text 2', 'text 3'] }
    await askJudged(client, wish, { queries, expressions: new Map([['q2', any]]), judgements }, watched)
    assert.deepEqual(
      asked.map(({ query }) => query),
      ['text 0', 'text 1', any, 'text 3'],
    )
  })

  it('refuses queries that nobody judged, before it asks one', async () => {
    const { client, asked, watched } = searcher()
    const foreign = { queries: new Map([['x', 'y']]), expressions, judgements }
    await assert.rejects(askJudged(client, wish, foreign, watched), UnusableInput)
    const hashed = { queries: new Map([['#q', 'y']]), expressions, judgements: new Map([['#q', new Map([['a', 1]])]]) }
    await assert.rejects(askJudged(client, wish, hashed, watched), /begins with #/)
    assert.equal(asked.length, 0)
  })

  it('ends at the first failure with the problem of the coordinator, unless failures count as 0', async () => {
    const fail = ({ query }: SearchRequest) => (query === 'text 1' ? problem('index_not_found', 404) : undefined)
    const first = searcher(fail)
    await assert.rejects(
      askJudged(first.client, wish, { queries, expressions, judgements }, first.watched),
      (error: ServerProblem) => {
        assert.deepEqual([error.code, error.problem.status], ['index_not_found', 404])
        assert.match(error.message, /^query `q1`: it is index_not_found; nothing was measured; /)
        return true
      },
    )
    const lenient = searcher(fail)
    const { run, asked } = await askJudged(
      lenient.client,
      { ...wish, allowFailures: true },
      { queries, expressions, judgements },
      lenient.watched,
    )
    assert.deepEqual([run.size, asked.failures.map(({ query }) => query)], [3, ['q1']])
  })

  it('keeps a coordinator that is not there told apart', async () => {
    const { client, watched } = searcher(() => new NotReachable('deadline_exceeded', 'too slow'))
    await assert.rejects(askJudged(client, wish, { queries, expressions, judgements }, watched), NotReachable)
  })

  it('asks nothing more once it is cancelled', async () => {
    const { client, asked, stop, watched } = searcher(
      () => void (asked.length === 2 && stop.abort(new RangeError('enough'))),
    )
    await assert.rejects(
      askJudged(client, { ...wish, concurrency: 1 }, { queries, expressions, judgements }, watched),
      RangeError,
    )
    assert.equal(asked.length, 2)
  })

  it('asks for recall twice, by the settings and exactly, of the same generation', async () => {
    const { client, asked, progress, watched } = searcher()
    const settings = { plan: 'graph', generation: 3 } as const
    const {
      recall,
      queries: count,
      per_query: worst,
    } = await askRecall(client, { ...wish, settings }, { queries, expressions }, watched)
    assert.deepEqual([recall, count, worst[0]!.found, progress.at(-1)], [0.5, 6, 1, '12/12'])
    assert.deepEqual(asked.slice(-1), [
      {
        plan: 'exact',
        generation: 3,
        filter: { field: 'year', gte: 2020 },
        k: 20,
        profile: true,
        query: 'text 5',
        ids_only: true,
        min_coverage: 1,
      },
    ])
    assert.deepEqual(
      asked.slice(0, 6).map(({ plan }) => plan),
      Array(6).fill('graph'),
    )
  })
})
