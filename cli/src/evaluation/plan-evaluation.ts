import { HypershardError } from '@hypershard/common'
import type { SearchOptionsGiven } from '@hypershard/contract'
import {
  beirFiles,
  defaultMetrics,
  type HitJoin,
  joinsAll,
  type Metric,
  metricName,
  parseMetric,
  type RandomisationOptions,
} from '@hypershard/evaluation'
import { type PlanOptions, planOfRequest, planOptionNames } from '../commands/plan-options.ts'

/** The command line of `hypershard eval`; what was not given is undefined. */
export interface EvalOptions extends PlanOptions {
  readonly data?: string
  readonly split?: string
  readonly queries?: string
  readonly qrels?: string
  readonly fromRun?: string
  readonly run?: string
  readonly join?: HitJoin
  readonly limit?: number
  readonly concurrency?: number
  readonly allowFailures?: boolean
  readonly timeoutMs?: number
  readonly metrics?: readonly string[]
  readonly compare?: string
  readonly seed?: number
  readonly permutations?: number
  readonly perQuery?: string
}

/** Hits come from a cluster's answers. */
export interface IndexSource {
  readonly kind: 'index'
  readonly index: string
  readonly limit: number
  readonly concurrency: number
  readonly allowFailures: boolean
  /** Where the answers are written as a run; undefined for nowhere. */
  readonly runPath: string | undefined
  readonly plan: SearchOptionsGiven
  readonly timeoutMs: number | undefined
  /** How the hits of pieces are joined that are asked alone; undefined where composed queries are asked as they are. */
  readonly join: HitJoin | undefined
}

/** Hits come from a run that was written before. */
export interface RunSource {
  readonly kind: 'run'
  readonly path: string
}

export interface EvaluationPlan {
  readonly source: IndexSource | RunSource
  readonly judgementsPath: string
  /** Undefined only with a run: queries are then told by id alone. */
  readonly queriesPath: string | undefined
  readonly corpusPath: string | undefined
  readonly metrics: readonly Metric[]
  readonly comparison: ({ readonly path: string } & RandomisationOptions) | undefined
  readonly perQueryPath: string | undefined
}

const limitDefault = 100
const concurrencyDefault = 4
const splitDefault = 'test'
const permutationsDefault = 100_000
const seedDefault = 1

/**
 * What to do, from what was asked.
 * @throws HypershardError `invalid_request` for options that do not go together
 */
export function planEvaluation(index: string | undefined, options: EvalOptions): EvaluationPlan {
  const source = planSource(index, options)
  return {
    source,
    ...planFiles(source, options),
    metrics: planMetrics(source, options.metrics),
    comparison: planComparison(options),
    perQueryPath: options.perQuery,
  }
}

/** Options that say how a cluster is asked. */
const ofCluster = [
  ...(['run', 'join', 'limit', 'concurrency', 'allowFailures'] as const),
  ...planOptionNames,
  'timeoutMs' as const,
]

function planSource(index: string | undefined, options: EvalOptions): IndexSource | RunSource {
  if (options.fromRun !== undefined) {
    if (index !== undefined) refuse('give an index or --from-run, not both')
    const foreign = ofCluster.find(name => options[name] !== undefined)
    if (foreign !== undefined) refuse(`--from-run asks no cluster: leave out ${optionName(foreign)}`)
    return { kind: 'run', path: options.fromRun }
  }
  if (index === undefined) refuse('name an index to evaluate, or a run with --from-run')
  return {
    kind: 'index',
    index,
    limit: options.limit ?? limitDefault,
    concurrency: options.concurrency ?? concurrencyDefault,
    allowFailures: options.allowFailures === true,
    runPath: options.run,
    plan: { ...exactUnlessTold(options), ...planOfRequest(options) },
    timeoutMs: options.timeoutMs,
    join: planJoin(options),
  }
}

/** Scores of all documents are exact ones. */
function planJoin({ join, plan, recall }: EvalOptions): HitJoin | undefined {
  if (join !== undefined && joinsAll(join) && (recall !== undefined || (plan !== undefined && plan !== 'exact'))) {
    refuse(`--join ${join} needs the scores of all documents: leave --plan and --recall out`)
  }
  return join
}

/** What is judged is the model's order, unless another search is to be measured. */
function exactUnlessTold({ plan, recall }: EvalOptions): PlanOptions {
  return plan === undefined && recall === undefined ? { plan: 'exact' } : {}
}

function planFiles(source: IndexSource | RunSource, { data, split, queries, qrels }: EvalOptions) {
  if (data !== undefined) {
    if (queries !== undefined || qrels !== undefined) refuse('--data has queries and judgements: leave out the others')
    return beirFiles(data, split ?? splitDefault)
  }
  if (split !== undefined) refuse('--split belongs to --data')
  if (qrels === undefined) refuse('give judgements with --qrels, or a collection with --data')
  if (source.kind === 'index' && queries === undefined) refuse('give the queries with --queries')
  return { judgementsPath: qrels, queriesPath: queries, corpusPath: undefined }
}

/** An answer is cut at the limit, so that is how deep a metric without a depth looks. */
function planMetrics(source: IndexSource | RunSource, names: readonly string[] | undefined): readonly Metric[] {
  const limit = source.kind === 'index' ? source.limit : Number.POSITIVE_INFINITY
  const asked = names?.map(parseMetric) ?? defaultMetrics
  const deeper = asked.find(({ depth }) => Number.isFinite(depth) && depth > limit)
  if (names !== undefined && deeper !== undefined) {
    refuse(`${metricName(deeper)} needs ${deeper.depth} hits and --limit asks for ${limit}; ask for more`)
  }
  const metrics = asked.map(({ kind, depth }) => ({ kind, depth: Math.min(depth, limit) }))
  const twice = metrics.map(metricName).find((name, at, all) => all.indexOf(name) < at)
  if (twice !== undefined) refuse(`--metrics names ${twice} twice`)
  return metrics
}

function planComparison({ compare, permutations, seed }: EvalOptions) {
  if (compare === undefined) {
    if (seed !== undefined || permutations !== undefined) refuse('--seed and --permutations belong to --compare')
    return undefined
  }
  return { path: compare, permutations: permutations ?? permutationsDefault, seed: seed ?? seedDefault }
}

function optionName(property: string): string {
  return `--${property.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

function refuse(message: string): never {
  throw new HypershardError('invalid_request', message)
}
