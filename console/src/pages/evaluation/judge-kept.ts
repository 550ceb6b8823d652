import {
  compareRuns,
  type Interval,
  type JudgedRun,
  type Judgements,
  judgeRun,
  type Metric,
  type MetricComparison,
  meanIntervals,
  metricDifference,
  metricName,
  parseMetric,
  type Queries,
  type Run,
} from '@hypershard/evaluation/browser'
import { permutations, seed } from './limits.ts'

/** A metric of a run, and of another beside it. */
export interface JudgedMetric {
  readonly name: string
  readonly mean: number
  readonly interval: Interval
  readonly other: (MetricComparison & { readonly interval: Interval }) | undefined
}

/** A query of a run, and of another beside it; values in the order of the metrics. */
export interface JudgedQuery {
  readonly id: string
  /** Undefined where the queries lack it. */
  readonly text: string | undefined
  readonly values: readonly number[]
  readonly others: readonly number[] | undefined
  /** This less other; 0 where they tie or there is no other. */
  readonly differences: readonly number[]
}

export interface JudgedKept {
  readonly metrics: readonly JudgedMetric[]
  /** Every judged query, in the judgements' order. */
  readonly queries: readonly JudgedQuery[]
  readonly counts: JudgedRun['counts'] & {
    readonly queriesJudged: number
    readonly otherWithoutHits: number | undefined
  }
}

export interface ToJudge {
  readonly run: Run
  readonly other: Run | undefined
  readonly judgements: Judgements
  readonly queries: Queries | undefined
  readonly metrics: readonly Metric[]
}

/** Lets the page draw between two pieces of work. @throws the reason of what ends it */
export type Breathe = () => Promise<void>

/**
 * Judges a run, and compares it with another, to the numbers of `hypershard eval`. Resampling and permuting take a good
 * part of a second of many queries: `breathe` is awaited between the metrics.
 */
export async function judgeKept(
  { run, other, judgements, queries, metrics }: ToJudge,
  breathe: Breathe,
): Promise<JudgedKept> {
  const judged = judgeRun(run, judgements, metrics)
  const judgedOther = other && judgeRun(other, judgements, metrics)
  await breathe()
  const intervals = meanIntervals(judged)
  await breathe()
  const otherIntervals = judgedOther && meanIntervals(judgedOther)
  const rows: JudgedMetric[] = []
  for (const [at, metric] of metrics.entries()) {
    await breathe()
    const [compared] =
      judgedOther === undefined
        ? []
        : compareRuns(columnOf(judged, at), columnOf(judgedOther, at), { permutations, seed })
    const beside = compared && otherIntervals && { ...compared, interval: otherIntervals[at]! }
    rows.push({ name: metricName(metric), mean: judged.means[at]!, interval: intervals[at]!, other: beside })
  }
  return {
    metrics: rows,
    queries: [...judged.values].map(([id, values]) => {
      const others = judgedOther?.values.get(id)
      const differences = values.map((value, at) => (others === undefined ? 0 : metricDifference(value, others[at]!)))
      return { id, text: queries?.get(id), values, others, differences }
    }),
    counts: {
      ...judged.counts,
      queriesJudged: judgements.size,
      otherWithoutHits: judgedOther?.counts.queriesWithoutHits,
    },
  }
}

/** The same run by one metric alone. */
function columnOf({ values, means, counts }: JudgedRun, at: number): JudgedRun {
  return { values: new Map([...values].map(([id, row]) => [id, [row[at]!]])), means: [means[at]!], counts }
}

/**
 * Metrics from what was typed, `nDCG@10, MRR`. Hits end at the limit, so a metric without a depth looks as deep as that.
 * @throws Error that says which is none, or looks deeper than there are hits
 */
export function metricsFrom(text: string, limit: number): Metric[] {
  const names = text.split(/[\s,]+/).filter(name => name !== '')
  if (names.length === 0) throw new Error('name a metric, such as nDCG@10')
  const metrics = names.map(parseMetric).map(({ kind, depth }) => {
    if (Number.isFinite(depth) && depth > limit) {
      throw new Error(`${metricName({ kind, depth })} looks deeper than the ${limit} hits that are asked for`)
    }
    return { kind, depth: Math.min(depth, limit) }
  })
  return metrics.filter((metric, at) => metrics.findIndex(other => metricName(other) === metricName(metric)) === at)
}

/** What of a judged run makes its means say something else than one may think; none of a run without fault. */
export function noticesOf(
  { counts }: Pick<JudgedKept, 'counts'>,
  inputs: { readonly judgements: Judgements; readonly queries: Queries | undefined },
  asked:
    | {
        readonly failures: readonly unknown[]
        readonly truncated: number
        readonly unread: number
        readonly manifestVersions: readonly number[]
      }
    | undefined,
): string[] {
  const { judgements, queries } = inputs
  const unknown = queries === undefined ? 0 : [...judgements.keys()].filter(id => !queries.has(id)).length
  const hopeless = [...judgements.values()].filter(grades => ![...grades.values()].some(grade => grade > 0)).length
  const versions = asked?.manifestVersions ?? []
  const notices: readonly (readonly [number, string])[] = [
    [asked?.failures.length ?? 0, 'failed and count as 0: the means are too low'],
    [unknown, 'are judged and are not among the queries that were given: they count as 0'],
    [hopeless, 'have no document that is relevant: they count as 0'],
    [asked?.truncated ?? 0, 'are longer than the model reads, and were cut'],
    [asked?.unread ?? 0, 'have tokens that the model does not know'],
    [
      Math.max(0, (counts.otherWithoutHits ?? 0) - counts.queriesWithoutHits),
      'more have no hits in the other run: they count as 0 there',
    ],
  ]
  return [
    ...notices
      .filter(([count]) => count > 0)
      .map(([count, what]) => `${count} of ${counts.queriesJudged} queries ${what}.`),
    ...(versions.length > 1
      ? [`Documents were put meanwhile: queries saw versions ${versions[0]} to ${versions.at(-1)} of the index.`]
      : []),
  ]
}
