/**
 * Several queries over one pass of the int8 vectors. Each says what it wants of which stretches; whichever has its turn
 * reads one for all that want it, so that the bytes come from memory once. A query that comes later joins in where the
 * others are, and has what it missed read after that.
 */
import { type ScannedRow, type ScanQuery, scanStretch } from './scan-copy.ts'

/**
 * Queries of one read. A query of four takes 0.24 ms a stretch where one alone takes 0.32; of eight it takes more than
 * alone, because of the memory that usearch puts their products in.
 */
const wishesMax = 4

type Stretch = Int8Array<SharedArrayBuffer>

/** What one query wants of a stretch. */
export interface StretchWish {
  readonly stretch: Stretch
  readonly query: ScanQuery
  /** How many rows, see `scanStretch`. */
  readonly count: number
  /** Called once, in the middle of a step; must not throw. */
  readonly found: (rows: ScannedRow[]) => void
}

export class SharedPasses {
  readonly #wishes = new Map<Stretch, Set<StretchWish>>()

  add(wish: StretchWish): void {
    const wishes = this.#wishes.get(wish.stretch)
    if (wishes === undefined) this.#wishes.set(wish.stretch, new Set([wish]))
    else wishes.add(wish)
  }

  isOpen(wish: StretchWish): boolean {
    return this.#wishes.get(wish.stretch)?.has(wish) === true
  }

  /** Nothing is read for it any more. */
  withdraw(wish: StretchWish): void {
    const wishes = this.#wishes.get(wish.stretch)
    wishes?.delete(wish)
    if (wishes?.size === 0) this.#wishes.delete(wish.stretch)
  }

  /**
   * Reads a stretch for this wish and for others of as many rows of it: where rows tie, which of them are found depends on
   * how many are asked for.
   */
  grant(granted: StretchWish): void {
    const { stretch, count } = granted
    const others = [...this.#wishes.get(stretch)!].filter(wish => wish !== granted && wish.count === count)
    const wishes = [granted, ...others.slice(0, wishesMax - 1)]
    for (const wish of wishes) this.withdraw(wish)
    const found = scanStretch(
      stretch,
      wishes.map(({ query }) => query),
      count,
    )
    for (const [at, wish] of wishes.entries()) wish.found(found[at]!)
  }
}
