/**
 * When the requests of an open loop are meant to be sent: at even distances from the start, whatever became of those
 * before. A latency is counted from that moment, so that a server that stalls is charged for all who came meanwhile
 * (Tene, "How NOT to measure latency": coordinated omission).
 */
export class Arrivals {
  readonly #startMs: number
  readonly #perSecond: number
  #next = 0

  constructor(startMs: number, perSecond: number) {
    this.#startMs = startMs
    this.#perSecond = perSecond
  }

  /** When the next is meant to be sent. */
  get nextMs(): number {
    return this.#startMs + (this.#next * 1_000) / this.#perSecond
  }

  /** The intended moments of all that are due, oldest first; each is given once. */
  takeDue(nowMs: number): number[] {
    const due: number[] = []
    while (this.nextMs <= nowMs) {
      due.push(this.nextMs)
      this.#next++
    }
    return due
  }
}
