import { HypershardError } from '@hypershard/common/browser'

/** What is wrong with a line; `forEachLine` adds the file and the number. */
export class LineProblem extends Error {
  override readonly name = 'LineProblem'
}

export interface LineBounds {
  /** Of one line, without its end. */
  readonly lineCharactersMax: number
  /** Of a file, blank lines included. */
  readonly linesMax: number
  /** Whether a line that begins with `#` is a comment. */
  readonly comments: boolean
}

/** Lines that were not visited. */
export interface SkippedLines {
  readonly blankLines: number
  readonly comments: number
}

/** A text, wherever it comes from: a file of Node's, or one that somebody gave to a page. Nothing here needs Node. */
export interface TextSource {
  /** What messages call it. */
  readonly path: string
  /** What is in it, unpacked and without a byte order mark; read once. */
  readonly bytes: AsyncIterable<Uint8Array>
}

const newline = 0x0a
const utf8BytesMax = 4

/**
 * Calls `visit` for every line of a UTF-8 text that is neither blank nor a comment, in order. Carriage returns at line
 * ends are left out. What is held of it is one chunk and one line.
 * @param visit is given the line's number too, from 1; throws `LineProblem` for a line that it cannot use
 * @throws HypershardError `invalid_request` with the file and, where it is a line's fault, its number
 */
export async function forEachLine(
  { path, bytes: chunks }: TextSource,
  bounds: LineBounds,
  visit: (line: string, number: number) => void,
): Promise<SkippedLines> {
  const lines = new LineVisitor(path, bounds, visit)
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk)
    const end = bytes.lastIndexOf(newline) + 1
    if (end > 0) lines.visitBlock(bytes.subarray(0, end - 1))
    rest = bytes.subarray(end)
    if (rest.length > bounds.lineCharactersMax * utf8BytesMax) lines.refuseLength()
  }
  if (rest.length > 0) lines.visitBlock(rest)
  return lines.skipped
}

class LineVisitor {
  readonly #path: string
  readonly #bounds: LineBounds
  readonly #visit: (line: string, number: number) => void
  readonly skipped = { blankLines: 0, comments: 0 }
  /** The number of the last line that was begun, from 1. */
  #number = 0

  constructor(path: string, bounds: LineBounds, visit: (line: string, number: number) => void) {
    this.#path = path
    this.#bounds = bounds
    this.#visit = visit
  }

  /** @param bytes whole lines, without the end of the last */
  visitBlock(bytes: Uint8Array): void {
    const text = decoded(bytes)
    if (text === undefined) this.#refuseEncoding(bytes)
    for (const line of text.split('\n')) {
      this.#number++
      if (this.#number > this.#bounds.linesMax) this.#fail(`a file may have ${this.#bounds.linesMax} lines; split it`)
      if (line.length > this.#bounds.lineCharactersMax + 1) this.refuseLength(this.#number)
      this.#visitLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    }
  }

  #visitLine(line: string): void {
    const begin = line.trimStart()
    if (begin === '') this.skipped.blankLines++
    else if (this.#bounds.comments && begin.startsWith('#')) this.skipped.comments++
    else {
      try {
        this.#visit(line, this.#number)
      } catch (error) {
        if (!(error instanceof LineProblem)) throw error
        this.#fail(error.message)
      }
    }
  }

  refuseLength(number = this.#number + 1): never {
    this.#number = number
    this.#fail(`longer than ${this.#bounds.lineCharactersMax} characters; is this the right file?`)
  }

  #refuseEncoding(bytes: Uint8Array): never {
    for (let start = 0; start <= bytes.length; ) {
      const found = bytes.indexOf(newline, start)
      const end = found < 0 ? bytes.length : found
      this.#number++
      if (decoded(bytes.subarray(start, end)) === undefined) break
      start = end + 1
    }
    this.#fail('not UTF-8; convert the file, for example with iconv')
  }

  #fail(problem: string): never {
    throw new HypershardError('invalid_request', `${this.#path}, line ${this.#number}: ${problem}`, {
      details: { file: this.#path, line: this.#number },
    })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @returns undefined for what is no UTF-8 */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
