import { HypershardError, messageOf } from './errors/hypershard-error.ts'
import type { Logger } from './logging.ts'
import { type Clock, systemClock } from './time/clock.ts'

/**
 * Tells of something that this process depends on: one line when it goes away and one when it is back, however often
 * it was tried between. Each further failure is told at the level `debug`.
 *
 *     const redis = new OutageLog('redis 10.0.0.7:6379', log)
 *     connection.on('error', error => redis.failed(error))
 *     connection.on('ready', () => redis.works())
 */
export class OutageLog {
  readonly #what: string
  readonly #log: Logger
  readonly #clock: Clock
  /** Of several ways to it, those that failed last: it is back when all work. */
  readonly #failing = new Set<string>()
  #sinceMs = 0
  #failures = 0

  /** @param what is away and back in the lines, with its address */
  constructor(what: string, log: Logger, clock: Clock = systemClock) {
    this.#what = what
    this.#log = log
    this.#clock = clock
  }

  /** @param way which of several ways to it failed, such as one of two connections */
  failed(error: unknown, way = ''): void {
    const before = this.#failing.size
    this.#failing.add(way)
    this.#failures++
    const facts = { what: this.#what, reason: messageOf(error) }
    if (before > 0) {
      this.#log.debug({ ...facts, failures: this.#failures }, 'still away')
      return
    }
    this.#sinceMs = this.#clock.monotonicMs()
    this.#log.warn(facts, 'away; the next line comes when it is back')
  }

  works(way = ''): void {
    if (!this.#failing.delete(way) || this.#failing.size > 0) return
    const awayMs = Math.round(this.#clock.monotonicMs() - this.#sinceMs)
    this.#log.info({ what: this.#what, awayMs, failures: this.#failures }, 'back')
    this.#failures = 0
  }

  /** A call to it, noted: `unavailable` is away, any other answer is one. */
  async note<Result>(call: Promise<Result>): Promise<Result> {
    try {
      const result = await call
      this.works()
      return result
    } catch (error) {
      const code = error instanceof HypershardError ? error.code : undefined
      if (code === 'unavailable') this.failed(error)
      // Neither says anything of the other side.
      else if (code !== 'deadline_exceeded' && code !== 'cancelled') this.works()
      throw error
    }
  }
}
