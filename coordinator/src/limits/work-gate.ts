import { type Deadline, HypershardError, waitWithin } from '@hypershard/common'

export interface WorkGateOptions {
  /** What passes through, in the plural, for messages: `searches`. */
  readonly work: string
  readonly inFlightMax: number
  /** How many may wait for their turn; the next one is refused at once. */
  readonly waitingMax: number
}

/**
 * Bounds how much of one kind of work runs at a time. What comes in excess waits in order of arrival, inside its own
 * deadline; what would wait beyond the bound is refused as `overloaded`, which costs nothing and tells the caller to
 * come back. With `inFlightMax` 1 it is a lock.
 */
export class WorkGate {
  readonly #options: WorkGateOptions
  readonly #waiting = new Set<() => void>()
  #inFlight = 0

  constructor(options: WorkGateOptions) {
    this.#options = options
  }

  /** @throws HypershardError `overloaded`, or `deadline_exceeded` or `cancelled` while waiting, or what `work` throws */
  async run<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
    await this.#enter(deadline)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(deadline: Deadline): Promise<void> {
    const { work, inFlightMax, waitingMax } = this.#options
    if (this.#inFlight < inFlightMax) {
      this.#inFlight++
      return
    }
    if (this.#waiting.size >= waitingMax) {
      const message = `${inFlightMax} ${work} run and ${waitingMax} wait; try again in a moment`
      throw new HypershardError('overloaded', message, { details: { inFlightMax, waitingMax } })
    }
    const { promise, resolve: wake } = Promise.withResolvers<void>()
    this.#waiting.add(wake)
    try {
      await waitWithin(promise, deadline, `waiting behind other ${work}`)
    } catch (error) {
      // Woken and given up in the same moment: the place was handed over already and must be passed on.
      if (!this.#waiting.delete(wake)) this.#leave()
      throw error
    }
  }

  /** A place is handed straight to the next in line, so `#inFlight` stays as it is. */
  #leave(): void {
    const next = this.#waiting.values().next().value
    if (next === undefined) {
      this.#inFlight--
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
