import { LRUCache } from 'lru-cache'

/** Kinds of calls that are remembered; the least recently used are forgotten. */
const kindsMax = 512

/** Durations of one kind that are kept, and for how long: a slow minute must not hide that the next one is quick. */
const durationsMax = 256
const keptMs = 30_000

/** Fewer have no 95th percentile: it would be the largest of them. */
const durationsMin = 20

/** How many durations may come before the quantile is computed again. */
const freshFor = 8

interface Window {
  /** A ring: the newest replaces the oldest. */
  readonly durations: { readonly ms: number; readonly endMs: number }[]
  next: number
  sinceComputed: number
  computedAtMs: number
  quantile: number | undefined
}

/**
 * Live quantiles of how long calls of each kind take. The windows are this small, and each duration has its time, because
 * a quantile of the last half minute is what is asked for: digests of a stream (t-digest, HDR histograms) keep what is
 * old. Computing one of 256 durations takes 19 microseconds, once in eight calls.
 */
export class LatencyWindows {
  readonly #quantile: number
  readonly #windows = new LRUCache<string, Window>({ max: kindsMax })

  /** @param quantile in (0, 1) */
  constructor(quantile: number) {
    this.#quantile = quantile
  }

  note(kind: string, ms: number, nowMs: number): void {
    const window = this.#windows.get(kind) ?? emptyWindow()
    window.durations[window.next] = { ms, endMs: nowMs }
    window.next = (window.next + 1) % durationsMax
    window.sinceComputed++
    this.#windows.set(kind, window)
  }

  /** Undefined while too few calls of the kind were measured lately. */
  quantileOf(kind: string, nowMs: number): number | undefined {
    const window = this.#windows.get(kind)
    if (window === undefined) return undefined
    if (window.sinceComputed >= freshFor || nowMs - window.computedAtMs > keptMs / freshFor) {
      const recent = window.durations.filter(({ endMs }) => nowMs - endMs <= keptMs).map(({ ms }) => ms)
      window.quantile = recent.length < durationsMin ? undefined : quantileOf(recent, this.#quantile)
      window.sinceComputed = 0
      window.computedAtMs = nowMs
    }
    return window.quantile
  }
}

function emptyWindow(): Window {
  const never = Number.NEGATIVE_INFINITY
  return { durations: [], next: 0, sinceComputed: 0, computedAtMs: never, quantile: undefined }
}

/** The smallest value that so large a share of all does not exceed (nearest rank). */
function quantileOf(values: readonly number[], quantile: number): number {
  const ascending = Float64Array.from(values).sort()
  return ascending[Math.ceil(quantile * ascending.length) - 1]!
}
