import { quantile } from '../../statistics.ts'
import type { TimedRequest } from '../client/load-job.ts'
import { Tally } from '../client/tally.ts'

/** A stretch of time, on the clock that `TimedRequest` has. */
export interface TimeWindow {
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
}

/** What became of the requests of a window. */
export interface WindowFigures {
  readonly window: string
  readonly seconds: number
  /** That were meant to be sent in it. */
  readonly requests: number
  /** Good answers that came in it, a second. */
  readonly qps: number
  /** Of requests that were meant to be sent in it and were answered well. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  /** Answered otherwise than well, answers that are partial or wrong among them. */
  readonly failed: number
  readonly errors: Readonly<Record<string, number>>
}

export function windowFigures({ name, fromMs, toMs }: TimeWindow, requests: readonly TimedRequest[]): WindowFigures {
  const tally = new Tally({ fromMs, toMs })
  for (const request of requests) tally.add(request)
  const latencies = [...tally.latenciesMs]
  const failed = Object.values(tally.errors).reduce((sum, count) => sum + count, 0)
  const seconds = (toMs - fromMs) / 1_000
  const at = (share: number) => (latencies.length === 0 ? null : quantile(latencies, share))
  return {
    window: name,
    seconds,
    requests: latencies.length + failed,
    qps: tally.completed / seconds,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    failed,
    errors: tally.errors,
  }
}

/**
 * How long after something happened the last request was sent that was not answered well: everything that was sent later
 * was. Zero where no request of after it failed.
 */
export function troubleMs(happenedMs: number, requests: readonly TimedRequest[]): number {
  const failed = requests.filter(({ error }) => error !== undefined)
  return Math.max(0, ...failed.map(({ intendedMs }) => intendedMs - happenedMs))
}

/** How many requests failed that were answered before something happened, or sent after it was over. */
export function failedOutside({ fromMs, toMs }: Omit<TimeWindow, 'name'>, requests: readonly TimedRequest[]): number {
  return requests.filter(
    ({ intendedMs, doneMs, error }) => error !== undefined && (doneMs < fromMs || intendedMs >= toMs),
  ).length
}

/** Of two latencies; null where either is not known. */
export function ratioOf(value: number | null, base: number | null): number | null {
  return value === null || base === null || base === 0 ? null : value / base
}

/** A moment now, on the clock that `TimedRequest` has. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
