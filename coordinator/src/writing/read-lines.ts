import type { Readable } from 'node:stream'
import type { Deadline } from '@hypershard/common'
import { LineParts, type ReadLine } from './line-parts.ts'
import { readChunks } from './read-chunks.ts'

export interface ReadLinesOptions {
  readonly lineBytesMax: number
  /** How long the stream may give nothing; a sender that hangs must not hold its place for hours. */
  readonly idleMsMax: number
}

const newline = 0x0a

/**
 * Splits a byte stream at newlines, holding one line and one chunk at a time. The last line needs no newline. The
 * stream is left as it is when reading stops early.
 * @throws HypershardError `deadline_exceeded`, `cancelled`, also when the stream breaks off
 */
export async function* readLines(
  stream: Readable,
  options: ReadLinesOptions,
  deadline: Deadline,
): AsyncGenerator<ReadLine> {
  yield* splitLines(readChunks(stream, options.idleMsMax, deadline), options.lineBytesMax)
}

/** The same of chunks that were read already. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, lineBytesMax: number): AsyncGenerator<ReadLine> {
  const parts = new LineParts(lineBytesMax)
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      parts.add(chunk.subarray(start, end))
      yield parts.take()
      start = end + 1
    }
    parts.add(chunk.subarray(start))
  }
  if (!parts.empty) yield parts.take()
}
