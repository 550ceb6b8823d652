import assert from 'node:assert/strict'
import { HypershardError } from '../errors/hypershard-error.ts'
import type { Deadline } from '../time/deadline.ts'
import { waitWithin } from '../time/wait-within.ts'

/** Both bounds are of what work costs: of its number, where each piece costs 1. */
export interface WorkGateOptions {
  /** What passes through, in the plural, for messages: `searches`. */
  readonly work: string
  /** Where the gate stands, for messages: `on this server`. */
  readonly where: string
  /** What cost is counted in, in the plural, for messages: `queue tokens`. Left out where each piece of work costs 1. */
  readonly unit?: string
  readonly inFlightMax: number
  /** How much may wait for its turn; what comes on top is refused at once. */
  readonly waitingMax: number
}

interface Waiter {
  readonly cost: number
  readonly enter: () => void
}

/**
 * Bounds how much of one kind of work runs at a time. What comes in excess waits in order of arrival, inside its own
 * deadline; what would wait beyond the bound is refused as `overloaded`, which costs nothing and tells the caller to
 * come back. Nothing passes who waits, however little it costs, so that what costs much has its turn too. With
 * `inFlightMax` 1 it is a lock.
 * @example
 * ```ts
 * const gate = new WorkGate({ work: 'searches', where: 'on this server', inFlightMax: 8, waitingMax: 64 })
 * const answer = await gate.run(deadline, () => search(query))
 * ```
 */
export class WorkGate {
  readonly #options: WorkGateOptions
  /** In order of arrival. */
  readonly #waiters = new Set<Waiter>()
  #inFlight = 0
  #waiting = 0
  #refused = 0

  constructor(options: WorkGateOptions) {
    this.#options = options
  }

  /** The cost of what runs. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** The cost of what waits. */
  get waiting(): number {
    return this.#waiting
  }

  get bounds(): Pick<WorkGateOptions, 'inFlightMax' | 'waitingMax'> {
    return this.#options
  }

  /** Pieces of work that were refused as `overloaded` since the start. */
  get refused(): number {
    return this.#refused
  }

  /**
   * Does the work once there is room for it.
   * @param cost at least 0
   * @throws HypershardError `overloaded`; `request_too_large` for work that would not fit even alone;
   *   `deadline_exceeded` or `cancelled` while waiting; or what `work` throws
   */
  async run<T>(deadline: Deadline, work: () => Promise<T>, cost = 1): Promise<T> {
    assert(cost >= 0, 'work costs something or nothing')
    await this.#enter(cost, deadline)
    try {
      return await work()
    } finally {
      this.#leave(cost)
    }
  }

  async #enter(cost: number, deadline: Deadline): Promise<void> {
    if (cost > this.#options.inFlightMax) throw this.#tooLarge(cost)
    if (this.#waiters.size === 0 && this.#hasRoomFor(cost)) {
      this.#inFlight += cost
      return
    }
    if (this.#waiting + cost > this.#options.waitingMax) throw this.#overloaded(cost)
    const { promise, resolve: enter } = Promise.withResolvers<void>()
    const waiter: Waiter = { cost, enter }
    this.#waiters.add(waiter)
    this.#waiting += cost
    try {
      await waitWithin(promise, deadline, `waiting behind other ${this.#options.work}`)
    } catch (error) {
      this.#giveUp(waiter)
      throw error
    }
  }

  #leave(cost: number): void {
    this.#inFlight -= cost
    this.#letIn()
  }

  #giveUp(waiter: Waiter): void {
    // Let in and given up in the same moment: the room was handed over already and must be passed on.
    if (this.#waiters.delete(waiter)) this.#waiting -= waiter.cost
    else this.#inFlight -= waiter.cost
    this.#letIn()
  }

  /** Room is handed straight to those next in line, so that nobody who comes now takes it from them. */
  #letIn(): void {
    for (const waiter of this.#waiters) {
      if (!this.#hasRoomFor(waiter.cost)) return
      this.#waiters.delete(waiter)
      this.#waiting -= waiter.cost
      this.#inFlight += waiter.cost
      waiter.enter()
    }
  }

  #hasRoomFor(cost: number): boolean {
    return this.#inFlight + cost <= this.#options.inFlightMax
  }

  #overloaded(cost: number): HypershardError {
    const { work, where, unit, inFlightMax, waitingMax } = this.#options
    const [inFlight, waiting] = [this.#inFlight, this.#waiting]
    const wait = waitingMax > 0 ? ` and ${waiting} wait` : ''
    const taken =
      unit === undefined
        ? `${inFlight} ${work} run${wait} ${where}`
        : `${work} ${where}: ${inFlight} of ${inFlightMax} ${unit} are taken${wait}`
    const details = { cost, inFlight, inFlightMax, waiting, waitingMax }
    this.#refused++
    return new HypershardError('overloaded', `${taken}; try again in a moment`, { details })
  }

  #tooLarge(cost: number): HypershardError {
    const { work, where, unit = 'places', inFlightMax } = this.#options
    const message = `${work} ${where}: up to ${cost} ${unit} in one request, over all ${inFlightMax}; send fewer at once`
    return new HypershardError('request_too_large', message, { details: { cost, inFlightMax } })
  }
}
