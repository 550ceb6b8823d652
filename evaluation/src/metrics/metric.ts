import { HypershardError } from '@hypershard/common/browser'

export const metricKinds = ['nDCG', 'MRR', 'MAP', 'Recall'] as const
export type MetricKind = (typeof metricKinds)[number]

export interface Metric {
  readonly kind: MetricKind
  /** How many of the first hits count; Infinity for all that a run has. */
  readonly depth: number
}

export const defaultMetrics: readonly Metric[] = Object.freeze([
  { kind: 'nDCG', depth: 10 },
  { kind: 'MRR', depth: 10 },
  { kind: 'MAP', depth: Number.POSITIVE_INFINITY },
  { kind: 'Recall', depth: 100 },
])

const depthMax = 1_000_000

/** `nDCG@10`; without a depth for `MAP` of a whole run. */
export function metricName({ kind, depth }: Metric): string {
  return Number.isFinite(depth) ? `${kind}@${depth}` : kind
}

/**
 * A metric by its name, such as `nDCG@10` or `map`; capitals do not matter.
 * @throws HypershardError `invalid_request` for a name or a depth that is none
 */
export function parseMetric(text: string): Metric {
  const [, name = '', depthText] = /^([A-Za-z]+)(?:@(\d{1,7}))?$/.exec(text) ?? []
  const kind = metricKinds.find(candidate => candidate.toLowerCase() === name.toLowerCase())
  const depth = depthText === undefined ? Number.POSITIVE_INFINITY : Number(depthText)
  if (kind !== undefined && depth >= 1 && (depthText === undefined || depth <= depthMax)) return { kind, depth }
  const known = `${metricKinds.slice(0, -1).join(', ')} or ${metricKinds.at(-1)}`
  throw new HypershardError(
    'invalid_request',
    `unknown metric \`${text}\`: expected ${known}, alone or with a depth from 1 to ${depthMax} such as nDCG@10`,
  )
}
