import { HypershardError } from '@hypershard/common/browser'
import type { Judgements } from '../formats/parse-judgements.ts'
import type { Run } from '../runs/run.ts'
import { measureRanking } from './measure-ranking.ts'
import type { Metric } from './metric.ts'

/** What a run is worth by some judgements. Arrays of values are in the order of the metrics. */
export interface JudgedRun {
  /** By query with judgements, in their order. */
  readonly values: ReadonlyMap<string, readonly number[]>
  /** Over all queries with judgements, those without hits as 0: trec_eval with `-c`. */
  readonly means: readonly number[]
  readonly counts: RunCounts
}

export interface RunCounts {
  /** Of queries with judgements. */
  readonly hits: number
  /** Queries with judgements and no hits. */
  readonly queriesWithoutHits: number
  /** Queries of the run that nobody judged; they are left out. */
  readonly queriesWithoutJudgements: number
}

/**
 * @throws HypershardError `invalid_request` when there are no judgements
 * @example
 * ```ts
 * const { judgements } = await readBeirFolder('data/scifact', 'test')
 * const { means } = judgeRun(await readRun('mine.trec'), judgements, [parseMetric('nDCG@10'), parseMetric('MRR@10')])
 * ```
 */
export function judgeRun(run: Run, judgements: Judgements, metrics: readonly Metric[]): JudgedRun {
  if (judgements.size === 0) throw new HypershardError('invalid_request', 'there are no judgements to evaluate by')
  const values = new Map<string, number[]>()
  const sums = metrics.map(() => 0)
  const counts = { hits: 0, queriesWithoutHits: 0, queriesWithoutJudgements: 0 }
  for (const [query, grades] of judgements) {
    const hits = run.get(query) ?? []
    counts.hits += hits.length
    if (hits.length === 0) counts.queriesWithoutHits++
    const ranking = { ranked: hits.map(({ id }) => grades.get(id) ?? 0), judged: [...grades.values()] }
    const row = metrics.map(metric => measureRanking(metric, ranking))
    row.forEach((value, at) => {
      sums[at]! += value
    })
    values.set(query, row)
  }
  for (const query of run.keys()) if (!judgements.has(query)) counts.queriesWithoutJudgements++
  return { values, means: sums.map(total => total / judgements.size), counts }
}

/** How many queries have judgements, but no grade above 0: nothing can be found for them, and every metric is 0. */
export function countWithoutRelevant(judgements: Judgements): number {
  return [...judgements.values()].filter(grades => ![...grades.values()].some(grade => grade > 0)).length
}
