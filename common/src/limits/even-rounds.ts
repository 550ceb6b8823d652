/** Things looked at a second when hints come in, however many there are; a round takes longer then. */
const perSecondMin = 5
/** In one interval, where that is short: whoever sets it so wants many looks. */
const perIntervalMax = 50
/** So that many small shares of a whole come to one. */
const rounding = 1e-6

/** After a gap in what is heard. */
const hurriedPerSecond = 50

/**
 * Which of many things to look at now: each once in an interval, spread evenly over it, and no more a second than what
 * looks at them can bear. With too many for that, a round takes as long as it takes.
 * @example
 * ```ts
 * const rounds = new EvenRounds()
 * setInterval(() => rounds.take(names, performance.now(), 60_000).forEach(lookAt), 1_000)
 * ```
 */
export class EvenRounds {
  /** The thing that was taken last; the next in order come after it. */
  #last = ''
  #takenAtMs: number | undefined
  #owed = 0
  /** Things to be taken soon, whatever the interval. */
  #hurried = 0

  /** Has everything looked at once, soon. */
  hurry(): void {
    this.#hurried = Number.POSITIVE_INFINITY
  }

  /**
   * @param things all that there are, in any order
   * @param everyMs how often each is to be looked at
   * @returns those to be looked at now
   */
  take(things: readonly string[], nowMs: number, everyMs: number): string[] {
    const elapsedMs = nowMs - (this.#takenAtMs ?? nowMs)
    this.#takenAtMs = nowMs
    const perSecondMax = Math.max(perSecondMin, (perIntervalMax * 1_000) / everyMs)
    const due = Math.min(things.length / everyMs, perSecondMax / 1_000) * elapsedMs
    this.#owed = Math.min(this.#owed + due, things.length)
    this.#hurried = Math.min(this.#hurried, things.length)
    const soon = Math.min(this.#hurried, Math.max(1, Math.floor((hurriedPerSecond * elapsedMs) / 1_000)))
    const count = Math.min(things.length, Math.max(Math.floor(this.#owed + rounding), soon))
    this.#owed = Math.max(0, this.#owed - count)
    this.#hurried = Math.max(0, this.#hurried - count)
    return this.#next(things, count)
  }

  #next(things: readonly string[], count: number): string[] {
    if (count === 0) return []
    const ordered = [...things].sort()
    const after = ordered.findIndex(thing => thing > this.#last)
    const first = after === -1 ? 0 : after
    const taken = Array.from({ length: count }, (_, at) => ordered[(first + at) % ordered.length]!)
    this.#last = taken.at(-1)!
    return taken
  }
}
