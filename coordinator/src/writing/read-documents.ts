import type { Readable } from 'node:stream'
import { type Deadline, withoutByteOrderMark } from '@hypershard/common'
import type { ReadLine } from './line-parts.ts'
import { readChunks } from './read-chunks.ts'
import { type ReadLinesOptions, splitLines } from './read-lines.ts'
import { splitJsonValues } from './split-json-values.ts'

export interface ReadDocumentsOptions extends ReadLinesOptions {
  /** The body is said to be JSON, not a JSON object a line. */
  readonly isJson: boolean
}

/** A body that begins with more blanks is taken for lines. */
const blankBytesMax = 64 * 1024

const openBracket = 0x5b

/**
 * The documents of a body, still as JSON: one a line, or the elements of an array. No line of NDJSON begins with a bracket,
 * so the first byte tells. A byte order mark before it is left out.
 * @throws HypershardError what `readLines` and `splitJsonValues` throw
 */
export async function* readDocuments(
  stream: Readable,
  options: ReadDocumentsOptions,
  deadline: Deadline,
): AsyncGenerator<ReadLine> {
  const chunks = readChunks(stream, options.idleMsMax, deadline)
  const head = await readHead(chunks)
  const whole = withHead(head, chunks)
  const isArray = firstByte(head) === openBracket
  if (isArray || options.isJson) yield* splitJsonValues(whole, options.lineBytesMax)
  else yield* splitLines(whole, options.lineBytesMax)
}

/** The first chunks, up to one that is not blank. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  while (firstByte(head) === undefined && head.length <= blankBytesMax) {
    const next = await chunks.next()
    if (next.done === true) break
    head = Buffer.concat([head, next.value])
  }
  return withoutByteOrderMark(head)
}

/** The first that is neither space nor of a byte order mark, which may have come in part only. */
function firstByte(head: Buffer): number | undefined {
  return withoutByteOrderMark(head).find(byte => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
}

async function* withHead(head: Buffer, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head
  yield* chunks
}
