import type { Metric, MetricKind } from './metric.ts'

/** One query's hits, seen through its judgements. */
export interface GradedRanking {
  /** The grade of each hit, best hit first; 0 for a document without judgement. */
  readonly ranked: readonly number[]
  /** All grades of the query's judgements, in any order. */
  readonly judged: readonly number[]
}

/**
 * The value of a metric for one query, as trec_eval 9 has it (through pytrec_eval): relevant is a grade above 0; a query
 * without a relevant judgement has 0.
 */
export function measureRanking({ kind, depth }: Metric, { ranked, judged }: GradedRanking): number {
  const relevant = judged.filter(grade => grade > 0)
  if (relevant.length === 0) return 0
  return measures[kind](ranked.slice(0, depth), relevant, depth)
}

/** @param top the grades of the hits that count @param relevant the grades above 0 */
type Measure = (top: readonly number[], relevant: readonly number[], depth: number) => number

const measures: Readonly<Record<MetricKind, Measure>> = {
  /** ndcg_cut.k: the gain is the grade (Järvelin and Kekäläinen, 2002, with the log2(rank + 1) discount from rank 1). */
  nDCG: (top, relevant, depth) => {
    const ideal = [...relevant].sort((a, b) => b - a).slice(0, depth)
    return discountedGain(top) / discountedGain(ideal)
  },
  /** recip_rank of the run cut at k. */
  MRR: top => {
    const at = top.findIndex(grade => grade > 0)
    return at < 0 ? 0 : 1 / (at + 1)
  },
  /** map_cut.k: the mean of the precision at each relevant document, 0 at those not found. */
  MAP: (top, relevant) => {
    let found = 0
    const precisions = top.map((grade, at) => (grade > 0 ? ++found / (at + 1) : 0))
    return sum(precisions) / relevant.length
  },
  /** recall.k */
  Recall: (top, relevant) => top.filter(grade => grade > 0).length / relevant.length,
}

function discountedGain(grades: readonly number[]): number {
  return sum(grades.map((grade, at) => Math.max(0, grade) / Math.log2(at + 2)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
