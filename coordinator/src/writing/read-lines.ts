import type { Readable } from 'node:stream'
import { type Deadline, HypershardError, waitWithin } from '@hypershard/common'

/** One line without its end; `bytes` is undefined when it was longer than allowed and was skipped. */
export interface ReadLine {
  /** From 1; blank lines count. */
  readonly line: number
  readonly bytes: Buffer | undefined
}

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
  const parts = new LineParts(options.lineBytesMax)
  for await (const chunk of chunksOf(stream, options.idleMsMax, deadline)) {
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

/** The line under way: its parts lie in several chunks. */
class LineParts {
  readonly #bytesMax: number
  #parts: Buffer[] = []
  #bytes = 0
  #line = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get empty(): boolean {
    return this.#bytes === 0
  }

  /** Beyond the bound, bytes are counted but not kept. */
  add(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes <= this.#bytesMax) this.#parts.push(part)
    else this.#parts = []
  }

  take(): ReadLine {
    const tooLong = this.#bytes > this.#bytesMax
    const bytes = tooLong ? undefined : this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    this.#parts = []
    this.#bytes = 0
    this.#line++
    return { line: this.#line, bytes }
  }
}

async function* chunksOf(stream: Readable, idleMsMax: number, deadline: Deadline): AsyncGenerator<Buffer> {
  const chunks = stream.iterator({ destroyOnReturn: false })
  for (;;) {
    const idle = deadline.within(idleMsMax)
    const next = await waitWithin(chunks.next(), idle, 'reading documents').catch(error => {
      throw error instanceof HypershardError ? error : brokenOff(error)
    })
    if (next.done === true) return
    yield next.value
  }
}

function brokenOff(cause: unknown): HypershardError {
  return new HypershardError('cancelled', 'the documents broke off before their end; send them again', { cause })
}
