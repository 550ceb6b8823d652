import { randomWords } from '@hypershard/common'

/** Random choices that are the same for the same seed: what seeded tests and simulations draw from. */
export class Random {
  readonly #word: () => number

  constructor(seed: number) {
    this.#word = randomWords(seed)
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#word() / 2 ** 32
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}
