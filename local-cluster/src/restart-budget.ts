const restartsMax = 5
const windowMs = 60_000
const backoffMsMin = 100
const backoffMsMax = 5_000

/** How often a crashing process is started again: five times a minute, after waits that double. */
export class RestartBudget {
  #restarts: number[] = []

  /**
   * Takes one restart out of the budget.
   * @param nowMs of a clock that never goes back
   * @returns how long to wait before it; undefined when the budget is spent
   */
  take(nowMs: number): number | undefined {
    this.#restarts = this.#restarts.filter(ms => ms > nowMs - windowMs)
    if (this.#restarts.length >= restartsMax) return undefined
    const waitMs = Math.min(backoffMsMax, backoffMsMin * 2 ** this.#restarts.length)
    this.#restarts.push(nowMs)
    return waitMs
  }
}
