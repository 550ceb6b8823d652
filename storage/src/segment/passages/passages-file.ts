/**
 * `passages.arrow`: whose vectors a segment's are, in their order. Int32 columns `row`, `begin` and `end`: the document, and
 * the part of its text in code points. docs/formats/segment.md.
 */
import { expectFormat, toCodePoints } from '@hypershard/common'
import type { ObjectStore } from '../../store/object-store.ts'
import { decodeIntegers, encodeIntegers } from '../formats/arrow-integers.ts'
import { decodeFile, readWholeFile, type SealedFile } from '../verified-file.ts'
import type { Passage, PassageTable } from './passage-table.ts'

/** Collects the passages of a segment's documents. */
export class PassagesEncoder {
  readonly #rows: number[] = []
  readonly #begins: number[] = []
  readonly #ends: number[] = []
  #documents = 0

  /** Of the next document. */
  append(passages: readonly Passage[]): void {
    for (const { begin, end } of passages) {
      this.#rows.push(this.#documents)
      this.#begins.push(begin)
      this.#ends.push(end)
    }
    this.#documents++
  }

  encode(): Uint8Array {
    return encodeIntegers({ row: this.#rows, begin: this.#begins, end: this.#ends })
  }
}

/** All of a text as its one passage. */
export function wholeText(text: string): Passage[] {
  return [{ begin: 0, end: toCodePoints(text, [text.length])[0]! }]
}

/** @throws HypershardError `corrupt_data` */
export async function readPassages(
  store: ObjectStore,
  file: SealedFile,
  shape: { readonly documents: number; readonly passages: number },
): Promise<PassageTable> {
  const bytes = await readWholeFile(store, file)
  return decodeFile(file, () => decodePassages(bytes, shape))
}

function decodePassages(
  bytes: Uint8Array,
  { documents, passages }: { readonly documents: number; readonly passages: number },
): PassageTable {
  const [rows, begins, ends] = decodeIntegers(bytes, ['row', 'begin', 'end'], passages)
  const starts = new Int32Array(new SharedArrayBuffer((documents + 1) * Int32Array.BYTES_PER_ELEMENT))
  let row = -1
  for (let at = 0; at < passages; at++) {
    const own = rows![at]!
    expectFormat(own === row || own === row + 1, `passage ${at} is of row ${own} after one of row ${row}`)
    expectFormat(own < documents, `passage ${at} is of row ${own} of ${documents}`)
    expectFormat(begins![at]! >= 0 && begins![at]! <= ends![at]!, `passage ${at} ends before it begins`)
    if (own !== row) starts[own] = at
    row = own
  }
  expectFormat(row === documents - 1, `its last passage is of row ${row}`)
  starts[documents] = passages
  return { starts, begins: begins!, ends: ends! }
}
