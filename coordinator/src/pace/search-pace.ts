import { type Clock, type ErrorCode, HypershardError, systemClock } from '@hypershard/common'
import type { Coverage } from '../search/coverage.ts'

/** How long a search counts. */
export const windowMs = 15_000

/** Searches kept; more than these a window would only blur. */
const searchesKeptMax = 10_000

/** How a search or a shard of it ends that a machine with less to do would have answered. */
const lateCodes: readonly string[] = ['deadline_exceeded', 'overloaded'] satisfies ErrorCode[]

/** The searches of the last seconds. */
export interface Pace {
  readonly searches: number
  /** The time that 99 of 100 stay below, infinite when more were not answered in time; 0 when there was no search. */
  readonly p99Ms: number
}

/** How long the searches of the last seconds took, those included that got no whole answer in their time. */
export class SearchPace {
  readonly #clock: Clock
  #measurements: { readonly atMs: number; readonly tookMs: number }[] = []

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Runs a search and counts it. One whose caller goes away counts with the time that it had. */
  async time<Answer extends { readonly coverage: Pick<Coverage, 'missing'>; readonly cached: boolean }>(
    search: () => Promise<Answer>,
  ): Promise<Answer> {
    const beginMs = this.#clock.monotonicMs()
    try {
      const answer = await search()
      // It waited for nothing that an indexer may hold up.
      if (answer.cached) return answer
      const late = answer.coverage.missing.some(({ code }) => lateCodes.includes(code))
      this.note(late ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() - beginMs)
      return answer
    } catch (error) {
      if (isLate(error)) this.note(Number.POSITIVE_INFINITY)
      else if (isCode(error, 'cancelled')) this.note(this.#clock.monotonicMs() - beginMs)
      throw error
    }
  }

  /** @param tookMs infinite for a search that was not answered in time */
  note(tookMs: number): void {
    this.#measurements.push({ atMs: this.#clock.monotonicMs(), tookMs })
    if (this.#measurements.length > searchesKeptMax) this.#measurements.shift()
  }

  look(): Pace {
    const since = this.#clock.monotonicMs() - windowMs
    this.#measurements = this.#measurements.filter(({ atMs }) => atMs >= since)
    const searches = this.#measurements.length
    if (searches === 0) return { searches, p99Ms: 0 }
    const sorted = this.#measurements.map(({ tookMs }) => tookMs).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return { searches, p99Ms: sorted[Math.min(searches - 1, Math.floor(searches * 0.99))]! }
  }
}

function isLate(error: unknown): boolean {
  if (lateCodes.some(code => isCode(error, code))) return true
  if (!isCode(error, 'insufficient_coverage')) return false
  const { coverage } = (error as HypershardError).details as { coverage: { missing: readonly { code: string }[] } }
  return coverage.missing.some(({ code }) => lateCodes.includes(code))
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof HypershardError && error.code === code
}
