import { HypershardError } from '@hypershard/common'
import type { ReadLine } from './line-parts.ts'
import { LineParts } from './line-parts.ts'

const [openBrace, closeBrace, openBracket, closeBracket, quote, backslash, comma] = Buffer.from('{}[]"\\,')

/**
 * Splits a byte stream into the elements of the JSON array that it is, or else into the JSON values that stand in it one
 * after the other, however they are broken into lines. It holds one value and one chunk at a time, and only counts brackets
 * and quotes: whether a value is well-formed is found out by whoever parses it.
 * @param bytesMax of a value; the `bytes` of a longer one are undefined
 * @throws HypershardError `invalid_request` for an array without an end, or with something behind it
 */
export async function* splitJsonValues(chunks: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<ReadLine> {
  const splitter = new ValueSplitter(bytesMax)
  for await (const chunk of chunks) yield* splitter.take(chunk)
  yield* splitter.end()
}

class ValueSplitter {
  readonly #parts: LineParts
  /** Before the first value it is not known whether there is an array around. */
  #place: 'start' | 'in array' | 'behind array' | 'between values' = 'start'
  #depth = 0
  #inString = false
  #escaped = false
  /** Whether anything but space has come since the last value. */
  #begun = false
  #elements = 0

  constructor(bytesMax: number) {
    this.#parts = new LineParts(bytesMax)
  }

  *take(chunk: Buffer): Generator<ReadLine> {
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#inString) this.#followString(byte)
      else if (this.#place === 'in array' && this.#depth === 0 && (byte === comma || byte === closeBracket)) {
        this.#parts.add(chunk.subarray(start, at))
        start = at + 1
        if (byte === comma || this.#begun || this.#elements > 0) yield this.#element()
        else this.#parts.drop()
        if (byte === closeBracket) this.#place = 'behind array'
      } else if (!isSpace(byte)) {
        if (this.#place === 'behind array') throw refuse('there is something behind the end of the array')
        if (this.#place === 'start' && byte === openBracket) {
          this.#place = 'in array'
          start = at + 1
        } else if (this.#follow(byte)) {
          this.#parts.add(chunk.subarray(start, at + 1))
          start = at + 1
          yield this.#element()
        }
      }
    }
    this.#parts.add(chunk.subarray(start))
  }

  *end(): Generator<ReadLine> {
    if (this.#place === 'in array') throw refuse('the array has no end')
    if (this.#begun) yield this.#element()
  }

  /** Whether the value ends here. */
  #follow(byte: number): boolean {
    if (this.#place === 'start') this.#place = 'between values'
    this.#begun = true
    if (byte === quote) this.#inString = true
    else if (byte === openBrace || byte === openBracket) this.#depth++
    else if (byte === closeBrace || byte === closeBracket) {
      this.#depth = Math.max(0, this.#depth - 1)
      return this.#place === 'between values' && this.#depth === 0
    }
    return false
  }

  #followString(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === backslash) this.#escaped = true
    else if (byte === quote) this.#inString = false
  }

  #element(): ReadLine {
    this.#begun = false
    this.#elements++
    const element = this.#parts.take()
    // A missing element is a fault, where a blank line is none.
    return element.bytes?.every(isSpace) === true ? { ...element, bytes: Buffer.from(',') } : element
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function refuse(fault: string): HypershardError {
  return new HypershardError('invalid_request', `body: ${fault}; nothing of it was written, send it whole`)
}
