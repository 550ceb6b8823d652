import { HypershardError } from '../errors/hypershard-error.ts'
import { type Clock, systemClock } from './clock.ts'

/**
 * The end of one request's time. Made once at the door and passed down; every step asks it how much is left. The
 * caller going away ends it too, through `signal`.
 * @example
 * ```ts
 * const deadline = Deadline.after(2_000, { signal })
 * const found = await search(query, deadline.earlier(100)) // leaves 100 ms for what comes after
 * deadline.check('fetching texts') // throws when nothing is left
 * ```
 */
export class Deadline {
  readonly #endMs: number
  readonly clock: Clock
  /** Fires when the caller goes away. */
  readonly signal: AbortSignal

  private constructor(endMs: number, clock: Clock, signal: AbortSignal) {
    this.#endMs = endMs
    this.clock = clock
    this.signal = signal
  }

  /** A deadline `ms` milliseconds from now. */
  static after(ms: number, options: { signal?: AbortSignal; clock?: Clock } = {}): Deadline {
    const clock = options.clock ?? systemClock
    return new Deadline(clock.monotonicMs() + ms, clock, options.signal ?? new AbortController().signal)
  }

  /** Milliseconds left; 0 once it has passed. */
  get remainingMs(): number {
    return Math.max(0, this.#endMs - this.clock.monotonicMs())
  }

  get passed(): boolean {
    return this.remainingMs <= 0
  }

  get cancelled(): boolean {
    return this.signal.aborted
  }

  /** As wall-clock time, the form that gRPC takes. */
  toDate(): Date {
    return new Date(this.clock.now() + this.remainingMs)
  }

  /** The same end of time, but `ms` earlier: leaves room for what comes after a step. */
  earlier(ms: number): Deadline {
    return new Deadline(this.#endMs - ms, this.clock, this.signal)
  }

  /** The same end of time, or `ms` milliseconds from now if that is sooner. */
  within(ms: number): Deadline {
    return new Deadline(Math.min(this.#endMs, this.clock.monotonicMs() + ms), this.clock, this.signal)
  }

  /** The same end of time, cancelled by this signal as well. */
  withSignal(signal: AbortSignal): Deadline {
    return new Deadline(this.#endMs, this.clock, AbortSignal.any([this.signal, signal]))
  }

  /**
   * Throws when there is no time left or nobody waits any more.
   * @param step what was about to be done, for the message
   * @throws HypershardError `deadline_exceeded` or `cancelled`
   */
  check(step: string): void {
    if (this.cancelled) throw new HypershardError('cancelled', `the caller went away before: ${step}`)
    if (this.passed) {
      throw new HypershardError('deadline_exceeded', `no time left before: ${step}; ask for a longer timeout`)
    }
  }
}
