import { decodeSafetensorsHeader, expectFormat } from '@hypershard/common'
import { type LexicalTensorName, lexicalTensorNames, lexicalTensors } from './lexical-layout.ts'

/** Ours are about 800 bytes. */
const headerBytesMax = 64 * 1024

/** Where a term occurs. */
export interface Postings {
  /** Rows that have it, deleted ones too. */
  readonly documents: number
  /** Goes on to the next row, ascending. @returns -1 after the last one */
  nextRow(): number
  /** How often the row has it that `nextRow` gave. */
  readonly frequency: number
  /** The places of its occurrences in that row, ascending. */
  positions(): number[]
}

/**
 * The words of a segment, over the bytes of its file, which are not copied: threads share them.
 * @example
 * const index = new LexicalIndex(bytes, documents)
 * const postings = index.postingsOf('star')
 */
export class LexicalIndex {
  /** By row: its words. */
  readonly lengths: Uint32Array
  readonly #counts: Uint32Array
  readonly #termEnds: Uint32Array
  readonly #postingEnds: Uint32Array
  readonly #positionEnds: Uint32Array
  readonly #terms: Uint8Array
  readonly #postings: Uint8Array
  readonly #positions: Uint8Array

  /**
   * @param file all of it, at the beginning of its buffer
   * @throws FormatError
   */
  constructor(file: Uint8Array, documents: number) {
    const limits = { fileBytes: file.length, headerBytesMax }
    const { tensors, dataStart } = decodeSafetensorsHeader(file.slice(0, headerBytesMax + 8), limits)
    const sizeOf = (name: LexicalTensorName) => tensors.get(name)?.shape[0] ?? 0
    const expected = lexicalTensors({
      documents,
      terms: sizeOf('document_counts'),
      termBytes: sizeOf('term_bytes'),
      postingBytes: sizeOf('postings'),
      positionBytes: sizeOf('positions'),
    })
    expectFormat(tensors.size === expected.size, 'it has other tensors than those of a lexical index')
    const parts = {} as Record<LexicalTensorName, Uint8Array>
    let end = 0
    for (const name of lexicalTensorNames) {
      const tensor = tensors.get(name)
      expectFormat(tensor !== undefined, `it has no tensor ${name}`)
      const { dtype, shape } = expected.get(name)!
      expectFormat(
        tensor.dtype === dtype && tensor.shape.join() === shape.join(),
        `its tensor ${name} has another shape`,
      )
      expectFormat(tensor.begin === end, 'its data offsets leave a gap')
      end = tensor.end
      parts[name] = file.subarray(dataStart + tensor.begin, dataStart + end)
    }
    expectFormat(dataStart + end === file.length, 'its length does not fit its header')
    this.lengths = numbersIn(parts.lengths)
    this.#counts = numbersIn(parts.document_counts)
    this.#terms = parts.term_bytes
    this.#postings = parts.postings
    this.#positions = parts.positions
    this.#termEnds = endsIn(parts.term_ends, this.#terms, 'term_ends')
    this.#postingEnds = endsIn(parts.posting_ends, this.#postings, 'posting_ends')
    this.#positionEnds = endsIn(parts.position_ends, this.#positions, 'position_ends')
  }

  get documents(): number {
    return this.lengths.length
  }

  get terms(): number {
    return this.#counts.length
  }

  /** Undefined of a term that no row has. */
  postingsOf(term: string): Postings | undefined {
    const at = this.#find(new TextEncoder().encode(term))
    if (at === undefined) return undefined
    return new PostingsReader(
      this.#counts[at]!,
      this.#postings.subarray(startOf(this.#postingEnds, at), this.#postingEnds[at]),
      this.#positions.subarray(startOf(this.#positionEnds, at), this.#positionEnds[at]),
    )
  }

  #find(term: Uint8Array): number | undefined {
    let low = 0
    let high = this.terms - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const order = compareBytes(this.#terms.subarray(startOf(this.#termEnds, middle), this.#termEnds[middle]), term)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }
}

class PostingsReader implements Postings {
  readonly documents: number
  readonly #postings: Uint8Array
  readonly #positions: Uint8Array
  #at = 0
  #row = 0
  /** Of the rows before this one: places that `positions` has to step over. */
  #unread = 0
  #positionAt = 0
  frequency = 0

  constructor(documents: number, postings: Uint8Array, positions: Uint8Array) {
    this.documents = documents
    this.#postings = postings
    this.#positions = positions
  }

  nextRow(): number {
    if (this.#at >= this.#postings.length) return -1
    this.#unread += this.frequency
    this.#row += this.#number()
    this.frequency = this.#number()
    return this.#row
  }

  positions(): number[] {
    const places: number[] = []
    let at = this.#positionAt
    const bytes = this.#positions
    for (; this.#unread > 0; this.#unread--) {
      while (bytes[at]! > 0x7f) at++
      at++
    }
    let place = 0
    for (let left = this.frequency; left > 0; left--) {
      let value = 0
      let shift = 0
      for (; bytes[at]! > 0x7f; shift += 7) value |= (bytes[at++]! & 0x7f) << shift
      value |= bytes[at++]! << shift
      place += value
      places.push(place)
    }
    this.#positionAt = at
    this.#unread = -this.frequency
    return places
  }

  #number(): number {
    const bytes = this.#postings
    let value = bytes[this.#at++]!
    if (value <= 0x7f) return value
    value &= 0x7f
    for (let shift = 7; ; shift += 7) {
      const byte = bytes[this.#at++]!
      value |= (byte & 0x7f) << shift
      if (!(byte > 0x7f)) return value
    }
  }
}

function startOf(ends: Uint32Array, at: number): number {
  return at === 0 ? 0 : ends[at - 1]!
}

/** Without a copy where they lie at a multiple of their size, as the format has them. */
function numbersIn({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  const size = Uint32Array.BYTES_PER_ELEMENT
  expectFormat(byteOffset % size === 0, 'its data is not aligned to 4 bytes')
  return new Uint32Array(buffer, byteOffset, byteLength / size)
}

function endsIn(bytes: Uint8Array, part: Uint8Array, name: LexicalTensorName): Uint32Array {
  const ends = numbersIn(bytes)
  let before = 0
  for (const end of ends) {
    expectFormat(end >= before, `its tensor ${name} does not ascend`)
    before = end
  }
  expectFormat(before === part.length, `its tensor ${name} does not end where the part does`)
  return ends
}

function compareBytes(one: Uint8Array, other: Uint8Array): number {
  const shared = Math.min(one.length, other.length)
  for (let at = 0; at < shared; at++) {
    const difference = one[at]! - other[at]!
    if (difference !== 0) return difference
  }
  return one.length - other.length
}
