import { measureRanking } from '@hypershard/evaluation'
import { mean, median, quantile } from '../statistics.ts'
import type { BenchQuery } from './bench-queries.ts'
import { type FoundHit, hits, type Searcher } from './searchers.ts'

const warmUpQueries = 3

/** What one way to search found and took. */
export interface Measured {
  readonly found: readonly (readonly FoundHit[])[]
  readonly timesMs: readonly number[]
  readonly evaluations: number
  readonly scanned: number
}

/** One query at a time, after a few that are not counted unless `warmUp` is false. */
export async function measureSearcher(
  searcher: Pick<Searcher, 'search'>,
  queries: readonly BenchQuery[],
  { warmUp = true } = {},
): Promise<Measured> {
  for (const query of queries.slice(0, warmUp ? warmUpQueries : 0)) await searcher.search(query)
  const answers = []
  for (const query of queries) {
    const beginMs = performance.now()
    const found = await searcher.search(query)
    answers.push({ ...found, tookMs: performance.now() - beginMs })
  }
  return {
    found: answers.map(answer => answer.hits),
    timesMs: answers.map(({ tookMs }) => tookMs),
    evaluations: mean(answers.map(({ evaluations }) => evaluations)),
    scanned: mean(answers.map(({ scanned }) => scanned)),
  }
}

/** Figures of one way beside exact scoring. */
export function figuresOf(measured: Measured, exact: Measured, queries: readonly BenchQuery[]) {
  return {
    recallAt10: mean(measured.found.map((found, at) => recallOf(found, exact.found[at]!))),
    ndcgAt10: ndcg(measured.found, queries),
    p50Ms: median(measured.timesMs),
    p99Ms: quantile(measured.timesMs, 0.99),
    evaluations: measured.evaluations,
    scanned: measured.scanned,
    speedupOverExact: median(exact.timesMs) / median(measured.timesMs),
  }
}

/** Of the exact hits, those found; a document that ties with the last of them is as good as it. */
function recallOf(found: readonly FoundHit[], exact: readonly FoundHit[]): number {
  const ids = new Set(exact.map(({ id }) => id))
  const last = exact.at(-1)
  if (last === undefined) return 1
  const good = found.filter(({ id, score }) => ids.has(id) || score === last.score)
  return Math.min(exact.length, good.length) / exact.length
}

/** Over the judged queries; null when there are none. */
function ndcg(found: readonly (readonly FoundHit[])[], queries: readonly BenchQuery[]): number | null {
  const values = queries.flatMap(({ relevant }, at) => {
    if (relevant === undefined) return []
    const judgement = { ranked: found[at]!.map(({ id }) => relevant[id] ?? 0), judged: Object.values(relevant) }
    return [measureRanking({ kind: 'nDCG', depth: hits }, judgement)]
  })
  return values.length === 0 ? null : mean(values)
}
