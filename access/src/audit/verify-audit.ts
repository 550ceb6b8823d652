import { createReadStream } from 'node:fs'
import { HypershardError, messageOf } from '@hypershard/common'
import { type AuditLine, type ChainEnd, chainStart, readLine } from './audit-line.ts'

export interface AuditFinding {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly message: string
}

export interface AuditVerification {
  readonly files: number
  readonly lines: number
  /** What the chain ends with; note it elsewhere, and a log that was cut or written anew is found out. */
  readonly last: ChainEnd | null
  /** Lines that were changed, removed, added or moved. */
  readonly problems: readonly AuditFinding[]
  /** Lines that broke off, and chains that begin anew. */
  readonly notes: readonly AuditFinding[]
}

/** More cannot be one line. */
const lineBytesMax = 4 * 1024 * 1024

const altered = 'is altered, or is no line of an audit log'
const brokenOff = 'broke off while it was written'

/**
 * Follows the chain of an audit log from line to line.
 * @param paths of one log, oldest first: those that were rotated away, and the one in use
 * @throws HypershardError `invalid_request` for a file that cannot be read
 */
export async function verifyAudit(paths: readonly string[]): Promise<AuditVerification> {
  const walk = new ChainWalk()
  let last: ReadText | undefined
  for (const file of paths) {
    let line = 0
    for await (const read of linesOf(file)) {
      walk.take(read.text, { file, line: ++line })
      last = read
    }
  }
  return { files: paths.length, ...walk.end(last?.isWhole !== false) }
}

class ChainWalk {
  readonly #problems: AuditFinding[] = []
  readonly #notes: AuditFinding[] = []
  #lines = 0
  #end: ChainEnd | undefined
  /** A line that cannot be read; the next one says why. */
  #unread: AuditFinding | undefined

  take(text: string, place: Omit<AuditFinding, 'message'>): void {
    this.#lines++
    const read = readLine(text)
    this.#settleUnread(read?.line.torn_before === true)
    if (read === undefined) {
      this.#unread = { ...place, message: altered }
      return
    }
    this.#follow(read.line, place)
    this.#end = { n: read.line.n, hash: read.hash }
  }

  end(endsWhole: boolean): Omit<AuditVerification, 'files'> {
    this.#settleUnread(!endsWhole)
    return { lines: this.#lines, last: this.#end ?? null, problems: this.#problems, notes: this.#notes }
  }

  #settleUnread(isTorn: boolean): void {
    if (this.#unread === undefined) return
    if (isTorn) this.#notes.push({ ...this.#unread, message: brokenOff })
    else this.#problems.push(this.#unread)
    this.#unread = undefined
  }

  #follow({ n, prev }: AuditLine, place: Omit<AuditFinding, 'message'>): void {
    const end = this.#end
    // What came before may have been deleted in time.
    if (end === undefined || (n === end.n + 1 && prev === end.hash)) return
    // A process that finds no file begins anew.
    if (place.line === 1 && n === 1 && prev === chainStart.hash)
      this.#notes.push({ ...place, message: 'a new chain begins here' })
    else
      this.#problems.push({ ...place, message: `does not follow number ${end.n}: lines were removed, added or moved` })
  }
}

interface ReadText {
  readonly text: string
  /** It has its end. */
  readonly isWhole: boolean
}

async function* linesOf(path: string): AsyncGenerator<ReadText> {
  let rest = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk])
      for (let newline = rest.indexOf(0x0a); newline >= 0; newline = rest.indexOf(0x0a)) {
        yield { text: rest.toString('utf8', 0, newline), isWhole: true }
        rest = rest.subarray(newline + 1)
      }
      if (rest.length > lineBytesMax) throw new Error(`a line of more than ${lineBytesMax} bytes`)
    }
  } catch (cause) {
    throw new HypershardError('invalid_request', `${path}: cannot be read: ${messageOf(cause)}`, { cause })
  }
  if (rest.length > 0) yield { text: rest.toString(), isWhole: false }
}
