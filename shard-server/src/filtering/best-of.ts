/** The best of what is offered, in order. One that is not good enough costs one comparison. */
export class BestOf<Item> {
  readonly #limit: number
  readonly #compare: (a: Item, b: Item) => number
  readonly #items: Item[] = []

  /** @param compare negative where the first is better; 0 for no two items */
  constructor(limit: number, compare: (a: Item, b: Item) => number) {
    this.#limit = limit
    this.#compare = compare
  }

  /** Best first. */
  get items(): readonly Item[] {
    return this.#items
  }

  offer(item: Item): void {
    const items = this.#items
    if (items.length === this.#limit) {
      if (this.#compare(item, items[items.length - 1]!) > 0) return
      items.pop()
    }
    let low = 0
    let high = items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(items[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    items.splice(low, 0, item)
  }
}
