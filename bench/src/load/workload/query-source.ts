/** With fewer texts than this every query is made of two of them, so that all queries of a run are alike. */
const singlesMin = 20_000

/** Queries no two of which are alike, in an order that is the same in every run; a run takes each once. */
export class QuerySource {
  readonly #texts: readonly string[]
  #next: number

  constructor(texts: readonly string[]) {
    this.#texts = [...new Set(texts.map(text => text.trim()).filter(text => text !== ''))]
    if (this.#texts.length < 2) throw new Error('at least two queries are needed')
    this.#next = this.#texts.length < singlesMin ? this.#texts.length : 0
  }

  /** The next ones; none is left out until `take` says that it was used. */
  peek(count: number): string[] {
    return Array.from({ length: count }, (_, at) => this.#at(this.#next + at))
  }

  /** The next ones, which nobody gets again. */
  take(count: number): string[] {
    const queries = this.peek(count)
    this.skip(count)
    return queries
  }

  skip(count: number): void {
    this.#next += count
  }

  /** Each text alone first, then each with the one behind it, with the one behind that, and so on. */
  #at(number: number): string {
    const { length } = this.#texts
    const first = number % length
    const distance = Math.floor(number / length)
    if (distance >= length) throw new Error('the collection has no more queries; give one with more, or fewer seconds')
    if (distance === 0) return this.#texts[first]!
    return `${this.#texts[first]} ${this.#texts[(first + distance) % length]}`
  }
}
