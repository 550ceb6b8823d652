import assert from 'node:assert/strict'

/**
 * Strings of a segment's rows without an object each: the UTF-8 of row r is `bytes[offsets[r] .. offsets[r + 1]]`.
 * Both arrays own their buffers, so that a worker can hand them over by transfer.
 */
export interface Utf8Column {
  readonly offsets: Int32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The ids of a segment, in row order. */
export type IdColumn = Utf8Column

/** Offsets are 32-bit, as Arrow's Utf8 has them. */
const columnBytesMax = 2 ** 31 - 1

const rowsFirst = 64
const bytesFirst = 1024

/** Collects strings into a column; memory is at most twice the column's. */
export class Utf8ColumnBuilder {
  #offsets = new Int32Array(rowsFirst)
  #bytes: Buffer<ArrayBuffer> = Buffer.alloc(bytesFirst)
  #rows = 0

  get rows(): number {
    return this.#rows
  }

  /** @param text well-formed Unicode; a lone surrogate would not come back as it went in */
  append(text: string): void {
    assert(text.isWellFormed(), 'text with a lone surrogate')
    const begin = this.#offsets[this.#rows]!
    const end = begin + Buffer.byteLength(text)
    assert(end <= columnBytesMax, 'a column of more than 2 GiB')
    this.#reserve(end)
    this.#bytes.write(text, begin)
    this.#rows++
    this.#offsets[this.#rows] = end
  }

  /** The column so far, in buffers of its own. */
  build(): Utf8Column {
    const offsets = this.#offsets.slice(0, this.#rows + 1)
    return { offsets, bytes: new Uint8Array(this.#bytes.subarray(0, offsets[this.#rows])) }
  }

  #reserve(bytes: number): void {
    if (this.#rows + 1 === this.#offsets.length) {
      const larger = new Int32Array(this.#offsets.length * 2)
      larger.set(this.#offsets)
      this.#offsets = larger
    }
    if (bytes > this.#bytes.length) {
      const larger = Buffer.alloc(Math.min(columnBytesMax, Math.max(bytes, this.#bytes.length * 2)))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
  }
}

/** The strings as a column. */
export function utf8Column(texts: Iterable<string>): Utf8Column {
  const builder = new Utf8ColumnBuilder()
  for (const text of texts) builder.append(text)
  return builder.build()
}

/** The string of a row. */
export function textAt({ offsets, bytes }: Utf8Column, row: number): string {
  const begin = offsets[row]!
  return Buffer.from(bytes.buffer, bytes.byteOffset + begin, offsets[row + 1]! - begin).toString()
}
