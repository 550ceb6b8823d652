import { type IdColumn, textAt } from '../../segment/formats/utf8-column.ts'

/** A bit for each of so many values of a hash: half a megabyte, in which the ids of a commit are few. */
const filterBits = 2 ** 22

/**
 * Ids that rows of segments are looked for in. At each commit all rows of a shard are, and nearly none is found: so a hash of
 * the row's bytes is asked first, and only where that may be of one of the ids is a string made of them.
 * @example
 * const ids = new IdSet(['a'])
 * ids.hasRow(utf8Column(['a', 'b']), 1) // false
 */
export class IdSet {
  readonly #ids = new Set<string>()
  readonly #filter = new Uint32Array(filterBits / 32)

  constructor(ids: Iterable<string> = []) {
    for (const id of ids) this.add(id)
  }

  get size(): number {
    return this.#ids.size
  }

  add(id: string): void {
    const bytes = Buffer.from(id)
    const hash = hashOf(bytes, 0, bytes.length)
    this.#filter[hash >>> 5]! |= 1 << (hash & 31)
    this.#ids.add(id)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Whether the id of a row is among them. */
  hasRow(column: IdColumn, row: number): boolean {
    const { offsets, bytes } = column
    const hash = hashOf(bytes, offsets[row]!, offsets[row + 1]!)
    if ((this.#filter[hash >>> 5]! & (1 << (hash & 31))) === 0) return false
    return this.#ids.has(textAt(column, row))
  }
}

/** FNV-1a (Fowler, Noll, Vo), folded to the size of the filter. */
function hashOf(bytes: Uint8Array, begin: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = begin; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return ((hash >>> 22) ^ hash) & (filterBits - 1)
}
