import { type Bitmap, createBitmap, type LexicalIndex, type Postings, setBit } from '@hypershard/storage/rows'

/** The rows in whose title or text the terms stand one behind the other. One pass over the postings of each term. */
export function selectPhrase(terms: readonly string[], index: LexicalIndex): Bitmap {
  const selected = createBitmap(index.documents)
  const readers = new Map<string, RowReader>()
  for (const term of terms) {
    const postings = index.postingsOf(term)
    if (postings === undefined) return selected
    readers.set(term, new RowReader(postings))
  }
  const distinct = [...readers.values()]
  for (let row = nextOfAll(distinct, 0); row !== -1; row = nextOfAll(distinct, row + 1)) {
    if (terms.length === 1 || isPhrase(terms.map(term => readers.get(term)!.places))) setBit(selected, row)
  }
  return selected
}

/** One term's postings, read forward. */
class RowReader {
  readonly #postings: Postings
  #row: number
  #places: readonly number[] | undefined

  constructor(postings: Postings) {
    this.#postings = postings
    this.#row = postings.nextRow()
  }

  /** The first row from this one on that has the term; -1 for none. */
  seek(row: number): number {
    while (this.#row !== -1 && this.#row < row) {
      this.#row = this.#postings.nextRow()
      this.#places = undefined
    }
    return this.#row
  }

  /** In the row that it is at: read once, however often the phrase has the term. */
  get places(): readonly number[] {
    this.#places ??= this.#postings.positions()
    return this.#places
  }
}

/** The first row from this one on that has all terms; -1 for none. */
function nextOfAll(readers: readonly RowReader[], from: number): number {
  let row = from
  for (let agreed = 0; agreed < readers.length; ) {
    agreed = 0
    for (const reader of readers) {
      const next = reader.seek(row)
      if (next === -1) return -1
      if (next === row) agreed++
      else row = next
    }
  }
  return row
}

/** Whether one place of each term, in their order, follows that of the one before. */
function isPhrase([first, ...others]: readonly (readonly number[])[]): boolean {
  const sets = others.map(places => new Set(places))
  return first!.some(place => sets.every((places, at) => places.has(place + at + 1)))
}
