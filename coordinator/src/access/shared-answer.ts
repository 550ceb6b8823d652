import { type Clock, type Deadline, waitWithin } from '@hypershard/common'

/** So long one answer is good for whoever asks: a probe comes every few seconds. */
const goodForMs = 1_000

/**
 * What anybody may ask and others must work for: at most one question is under way, and its answer, or failure, is given
 * to all who ask within a second, so that asking often costs the others nothing.
 */
export class SharedAnswer<Answer> {
  readonly #ask: () => Promise<Answer>
  readonly #clock: Clock
  #answer: Promise<Answer> | undefined
  /** Undefined while it is under way. */
  #endedAtMs: number | undefined

  /** @param ask bounded in time by itself: whoever asks first may go away while others wait */
  constructor(ask: () => Promise<Answer>, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  /** @throws HypershardError what the question ended with, `deadline_exceeded`, `cancelled` */
  get(deadline: Deadline): Promise<Answer> {
    const isGood = this.#endedAtMs === undefined || this.#clock.monotonicMs() - this.#endedAtMs < goodForMs
    const answer = this.#answer !== undefined && isGood ? this.#answer : this.#begin()
    return waitWithin(answer, deadline, 'waiting for an answer that others asked for too')
  }

  #begin(): Promise<Answer> {
    this.#endedAtMs = undefined
    this.#answer = this.#ask().finally(() => {
      this.#endedAtMs = this.#clock.monotonicMs()
    })
    return this.#answer
  }
}
