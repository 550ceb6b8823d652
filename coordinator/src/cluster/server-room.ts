/**
 * How much each server takes of an index. Beside a shard it takes as much of the others as rendezvous hashing gives it on
 * the average, and a standard deviation more, less a random part of half a shard. That is nothing beside it where shards
 * are few, so the two shards of an index do not lie on one server, and within some percent of its share where they are
 * many. Less room would even out more and move more when a server joins, since every server's room then shrinks: the
 * random part is a server's own and has them shrink at different numbers of servers (decision record 017).
 */
export class ServerRoom {
  readonly #costs: readonly number[]
  readonly #least: number
  readonly #sum: number
  readonly #squares: number
  readonly #shares: readonly number[]
  readonly #chances: Float64Array
  readonly #taken: Float64Array

  /**
   * @param costs of each shard
   * @param shares of each server: how much of a shard it should hold, from 0 to 1
   * @param chances a random number in (0, 1) for each server
   */
  constructor(costs: readonly number[], shares: readonly number[], chances: Float64Array) {
    this.#costs = costs
    this.#least = Math.min(...costs)
    this.#sum = costs.reduce((sum, cost) => sum + cost, 0)
    this.#squares = costs.reduce((sum, cost) => sum + cost * cost, 0)
    this.#shares = shares
    this.#chances = chances
    this.#taken = new Float64Array(shares.length)
  }

  has(server: number, shard: number): boolean {
    return this.#fits(server, this.#costs[shard]!)
  }

  /** Whether there is room for the cheapest shard. */
  hasAny(server: number): boolean {
    return this.#fits(server, this.#least)
  }

  take(server: number, shard: number): void {
    this.#taken[server]! += this.#costs[shard]!
  }

  #fits(server: number, cost: number): boolean {
    const taken = this.#taken[server]!
    const share = this.#shares[server]!
    const average = share * (this.#sum - cost)
    const deviation = Math.sqrt(share * (1 - share) * Math.max(0, this.#squares - cost * cost))
    return taken === 0 || taken <= average + deviation - (this.#chances[server]! * cost) / 2
  }
}
