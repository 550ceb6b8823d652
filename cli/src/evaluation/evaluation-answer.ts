import {
  type AskedQueries,
  compareRuns,
  countWithoutRelevant,
  type FailedQuery,
  type FileFacts,
  type JudgedRun,
  judgedDocuments,
  judgeRun,
  type MetricComparison,
  meanIntervals,
  metricDifference,
  metricName,
  type Run,
} from '@hypershard/evaluation'
import type { EvaluationPlan } from './plan-evaluation.ts'
import type { EvaluationInputs } from './read-inputs.ts'

/** What `hypershard eval --json` prints. Null is what does not apply or cannot be known. */
export interface EvaluationAnswer {
  readonly index: string | null
  /** The run that was judged without a cluster. */
  readonly from_run: string | null
  readonly limit: number | null
  readonly took_ms: number | null
  readonly metrics: readonly MetricAnswer[]
  readonly counts: EvaluationCounts
  readonly failures: readonly FailedQuery[]
  /** What was read, and what of it was skipped or not taken word for word. */
  readonly files: readonly FileAnswer[]
  /** Of the index; more than one when documents were put meanwhile. */
  readonly manifest_versions: readonly number[]
  readonly comparison: ComparisonAnswer | null
  /** Every judged query, in the judgements' order. */
  readonly queries: readonly EvaluatedQuery[]
}

export interface MetricAnswer {
  readonly name: string
  readonly mean: number
  /** 95 % confidence, over queries such as these. */
  readonly interval: { readonly low: number; readonly high: number }
}

export interface FileAnswer {
  readonly path: string
  readonly comment_lines: number
  readonly blank_lines: number
  readonly duplicates: number
  readonly grades_normalised: number
  readonly grades_below_zero: number
}

/** Values by the names of the metrics. */
export type NamedValues = Readonly<Record<string, number>>

export interface EvaluatedQuery {
  readonly id: string
  readonly text: string | null
  readonly values: NamedValues
  readonly other_values?: NamedValues
  readonly differences?: NamedValues
}

export interface EvaluationCounts {
  /** What the means are over. */
  readonly queries_judged: number
  readonly queries_without_relevant: number
  /** For any reason, the next two among them. */
  readonly queries_without_hits: number
  /** Judged, but not in the queries' file. */
  readonly queries_unknown: number | null
  readonly queries_failed: number | null
  readonly queries_truncated: number | null
  /** With tokens that the model does not know, or with none. */
  readonly queries_with_unknown_tokens: number | null
  /** In the queries' file, but not judged; they are not asked. */
  readonly queries_not_judged: number | null
  /** In the run that was judged, but not in the judgements. */
  readonly run_queries_not_judged: number
  readonly judgements: number
  readonly documents_judged: number
  /** Judged, but not in the corpus. */
  readonly documents_unknown: number | null
  readonly documents_in_corpus: number | null
  readonly documents_in_index: number | null
  readonly hits: number
}

export interface ComparisonAnswer {
  readonly other: string
  readonly permutations: number
  readonly seed: number
  readonly other_queries_without_hits: number
  readonly other_queries_not_judged: number
  readonly metrics: readonly {
    readonly name: string
    readonly mean: number
    readonly other_mean: number
    readonly difference: number
    readonly relative_difference: number | null
    readonly p_value: number
    /** Whether all assignments of signs were counted, rather than `permutations` drawn. */
    readonly exact: boolean
    readonly wins: number
    readonly ties: number
    readonly losses: number
  }[]
}

/** What asking a cluster gave, and what it was asked. */
export interface AskedIndex extends AskedQueries {
  readonly documents: number
  readonly tookMs: number
}

/** Judges the run, and the other if there is one, and tells all of it. */
export function evaluationAnswer(
  plan: EvaluationPlan,
  inputs: EvaluationInputs,
  run: Run,
  asked: AskedIndex | undefined,
): EvaluationAnswer {
  const { source, metrics } = plan
  const { judgements, other } = inputs
  const judged = judgeRun(run, judgements, metrics)
  const judgedOther = other === undefined ? undefined : judgeRun(other, judgements, metrics)
  const names = metrics.map(metricName)
  const intervals = meanIntervals(judged)
  return {
    index: source.kind === 'index' ? source.index : null,
    from_run: source.kind === 'run' ? source.path : null,
    limit: source.kind === 'index' ? source.limit : null,
    took_ms: asked === undefined ? null : Math.round(asked.tookMs * 10) / 10,
    metrics: names.map((name, at) => ({ name, mean: judged.means[at]!, interval: intervals[at]! })),
    counts: countAll(inputs, judged, asked),
    failures: asked?.failures ?? [],
    files: inputs.files.map(fileAnswer),
    manifest_versions: asked?.manifestVersions ?? [],
    comparison: judgedOther === undefined ? null : compareAll(plan, names, judged, judgedOther),
    queries: [...judged.values].map(([id, values]) => ({
      id,
      text: inputs.queries?.get(id) ?? null,
      values: named(names, values),
      ...(judgedOther === undefined ? {} : differencesOf(names, values, judgedOther.values.get(id)!)),
    })),
  }
}

export function fileAnswer(facts: FileFacts): FileAnswer {
  return {
    path: facts.path,
    comment_lines: facts.comments,
    blank_lines: facts.blankLines,
    duplicates: facts.duplicates,
    grades_normalised: facts.gradesNormalised,
    grades_below_zero: facts.gradesBelowZero,
  }
}

function countAll(
  { judgements, queries, corpus }: EvaluationInputs,
  { counts }: JudgedRun,
  asked: AskedIndex | undefined,
): EvaluationCounts {
  const known = queries === undefined ? null : [...judgements.keys()].filter(id => queries.has(id)).length
  return {
    queries_judged: judgements.size,
    queries_without_relevant: countWithoutRelevant(judgements),
    queries_without_hits: counts.queriesWithoutHits,
    queries_unknown: known === null ? null : judgements.size - known,
    queries_failed: asked?.failures.length ?? null,
    queries_truncated: asked?.truncated ?? null,
    queries_with_unknown_tokens: asked?.unread ?? null,
    queries_not_judged: known === null ? null : queries!.size - known,
    run_queries_not_judged: counts.queriesWithoutJudgements,
    judgements: [...judgements.values()].reduce((sum, grades) => sum + grades.size, 0),
    documents_judged: judgedDocuments(judgements).size,
    documents_unknown: corpus?.missing ?? null,
    documents_in_corpus: corpus?.documents ?? null,
    documents_in_index: asked?.documents ?? null,
    hits: counts.hits,
  }
}

function compareAll(
  { comparison }: EvaluationPlan,
  names: readonly string[],
  judged: JudgedRun,
  judgedOther: JudgedRun,
): ComparisonAnswer {
  const { path, permutations, seed } = comparison!
  const metrics = compareRuns(judged, judgedOther, { permutations, seed })
  return {
    other: path,
    permutations,
    seed,
    other_queries_without_hits: judgedOther.counts.queriesWithoutHits,
    other_queries_not_judged: judgedOther.counts.queriesWithoutJudgements,
    metrics: metrics.map((metric, at) => ({ name: names[at]!, ...snakeCase(metric) })),
  }
}

function snakeCase(metric: MetricComparison) {
  return {
    mean: metric.mean,
    other_mean: metric.otherMean,
    difference: metric.difference,
    relative_difference: metric.relativeDifference,
    p_value: metric.pValue,
    exact: metric.exact,
    wins: metric.wins,
    ties: metric.ties,
    losses: metric.losses,
  }
}

function differencesOf(names: readonly string[], values: readonly number[], others: readonly number[]) {
  const differences = values.map((value, at) => metricDifference(value, others[at]!))
  return { other_values: named(names, others), differences: named(names, differences) }
}

function named(names: readonly string[], values: readonly number[]): NamedValues {
  return Object.fromEntries(names.map((name, at) => [name, values[at]!]))
}
