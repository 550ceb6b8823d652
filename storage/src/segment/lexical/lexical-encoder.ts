import assert from 'node:assert/strict'
import { encodeSafetensorsHeader } from '@hypershard/common'
import type { AnalyzerName } from '@hypershard/contract'
import { analyzeText } from './analyze-text.ts'
import { ByteList } from './byte-list.ts'
import { lexicalTensors, titleGap } from './lexical-layout.ts'

/** Ends of parts are 32-bit. */
const partBytesMax = 2 ** 32 - 1

/** What is known of a term so far. */
interface TermPostings {
  documents: number
  /** Of the last document that has it. */
  lastRow: number
  readonly postings: ByteList
  readonly positions: ByteList
}

/**
 * Collects a segment's words. In memory stands all of what the file will hold, about 500 bytes a document of 200 words,
 * and an object a term.
 */
export class LexicalEncoder {
  readonly #analyzer: AnalyzerName
  readonly #terms = new Map<string, TermPostings>()
  readonly #lengths: number[] = []

  constructor(analyzer: AnalyzerName) {
    this.#analyzer = analyzer
  }

  /** Of the next row. */
  append({ title, text }: { readonly title: string; readonly text: string }): void {
    const row = this.#lengths.length
    const inTitle = analyzeText(title, this.#analyzer)
    const inText = analyzeText(text, this.#analyzer)
    this.#lengths.push(inTitle.length + inText.length)
    const places = new Map<string, number[]>()
    const note = (term: string, position: number) => {
      const own = places.get(term)
      if (own === undefined) places.set(term, [position])
      else own.push(position)
    }
    for (const [at, term] of inTitle.entries()) note(term, at)
    const textStart = inTitle.length === 0 ? 0 : inTitle.length + titleGap
    for (const [at, term] of inText.entries()) note(term, textStart + at)
    for (const [term, positions] of places) this.#addPosting(term, row, positions)
  }

  /** The file's bytes, in order. */
  *encode(): Generator<Uint8Array> {
    const encoder = new TextEncoder()
    const terms = [...this.#terms].map(([term, own]) => ({ bytes: encoder.encode(term), ...own }))
    terms.sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    const termEnds = endsOf(terms.map(({ bytes }) => bytes.length))
    const postingEnds = endsOf(terms.map(({ postings }) => postings.length))
    const positionEnds = endsOf(terms.map(({ positions }) => positions.length))
    yield encodeSafetensorsHeader(
      lexicalTensors({
        documents: this.#lengths.length,
        terms: terms.length,
        termBytes: termEnds.at(-1) ?? 0,
        postingBytes: postingEnds.at(-1) ?? 0,
        positionBytes: positionEnds.at(-1) ?? 0,
      }),
      { analyzer: this.#analyzer },
    )
    const counts = Uint32Array.from(terms, ({ documents }) => documents)
    const lengths = Uint32Array.from(this.#lengths)
    for (const { buffer } of [lengths, counts, termEnds, postingEnds, positionEnds]) yield new Uint8Array(buffer)
    yield Buffer.concat(terms.map(({ bytes }) => bytes))
    for (const { postings } of terms) yield postings.view()
    for (const { positions } of terms) yield positions.view()
  }

  #addPosting(term: string, row: number, positions: readonly number[]): void {
    let own = this.#terms.get(term)
    if (own === undefined) {
      own = { documents: 0, lastRow: 0, postings: new ByteList(), positions: new ByteList() }
      this.#terms.set(term, own)
    }
    own.postings.pushNumber(row - own.lastRow)
    own.postings.pushNumber(positions.length)
    own.lastRow = row
    own.documents++
    let before = 0
    for (const position of positions) {
      own.positions.pushNumber(position - before)
      before = position
    }
  }
}

function endsOf(lengths: readonly number[]): Uint32Array<ArrayBuffer> {
  let end = 0
  const ends = new Uint32Array(lengths.length)
  for (const [at, length] of lengths.entries()) {
    end += length
    ends[at] = end
  }
  assert(end <= partBytesMax, 'a lexical index with a part of more than 4 GiB')
  return ends
}
