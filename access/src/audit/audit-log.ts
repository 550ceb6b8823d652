import { type FileHandle, open, stat } from 'node:fs/promises'
import { type Clock, HypershardError, messageOf } from '@hypershard/common'
import { type AuditEntry, type ChainEnd, chainStart, readLine, sealLine } from './audit-line.ts'

/** Longer than any line. */
const tailBytesMax = 1024 * 1024

/** Written together at most: what comes while the disk is busy waits for the next turn. */
const batchMax = 1_000

const fileMode = 0o600

interface Waiting {
  readonly entry: AuditEntry
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface OpenFile {
  readonly handle: FileHandle
  readonly inode: number
}

/**
 * Appends lines, each chained to the one before, and says so once they are on the disk. A file that is renamed away is
 * left where its last line ends, and its chain goes on in a new one.
 */
export class AuditLog {
  readonly #path: string
  readonly #clock: Clock
  #file: OpenFile | undefined
  #end: ChainEnd = chainStart
  #tornBefore = false
  /** Ends a line that broke off. */
  #lead = ''
  readonly #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  private constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  /** @throws HypershardError `invalid_config` for a file that cannot be written */
  static async open(path: string, clock: Clock): Promise<AuditLog> {
    const log = new AuditLog(path, clock)
    try {
      await log.#openFile()
    } catch (cause) {
      const message = `the audit log ${path} cannot be opened: ${messageOf(cause)}; check HYPERSHARD_AUDIT_LOG`
      throw new HypershardError('invalid_config', message, { cause })
    }
    return log
  }

  /** @throws HypershardError `unavailable` while it cannot be written */
  append(entry: AuditEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file?.handle.close()
    this.#file = undefined
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax)
      try {
        await this.#write(batch.map(({ entry }) => entry))
        for (const { resolve } of batch) resolve()
      } catch (cause) {
        // Part of a line may be there: the file is read again before anything is added.
        await this.#file?.handle.close().catch(() => undefined)
        this.#file = undefined
        const message = `the audit log ${this.#path} cannot be written: ${messageOf(cause)}; writes and administration are refused until it can`
        const failure = new HypershardError('unavailable', message, { cause })
        for (const { reject } of batch) reject(failure)
      }
    }
    // In the same turn in which nothing was found to wait: what comes after this begins anew.
    this.#writing = undefined
  }

  async #write(entries: readonly AuditEntry[]): Promise<void> {
    const { handle } = await this.#current()
    const at = new Date(this.#clock.now()).toISOString()
    let end = this.#end
    let text = this.#lead
    for (const [place, entry] of entries.entries()) {
      const sealed = sealLine(entry, end, { at, tornBefore: this.#tornBefore && place === 0 })
      text += `${sealed.text}\n`
      end = sealed.end
    }
    await handle.appendFile(text)
    await handle.datasync()
    this.#end = end
    this.#tornBefore = false
    this.#lead = ''
  }

  /** The file of this name, which may be another than before. */
  async #current(): Promise<OpenFile> {
    const found = await stat(this.#path).catch(() => undefined)
    if (this.#file !== undefined && found?.ino === this.#file.inode) return this.#file
    await this.#file?.handle.close()
    this.#file = undefined
    return this.#openFile()
  }

  async #openFile(): Promise<OpenFile> {
    const handle = await open(this.#path, 'a+', fileMode)
    try {
      const { size, ino } = await handle.stat()
      if (size > 0) await this.#goOn(handle, size)
      this.#file = { handle, inode: ino }
      return this.#file
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Finds where the chain of a file ends. A line that broke off stays, and is told of by the next. */
  async #goOn(handle: FileHandle, size: number): Promise<void> {
    const bytes = Buffer.alloc(Math.min(size, tailBytesMax))
    await handle.read(bytes, 0, bytes.length, size - bytes.length)
    const lines = bytes.toString().split('\n')
    this.#lead = lines.at(-1) === '' ? '' : '\n'
    const last = lines.slice(0, -1).findLast(text => readLine(text) !== undefined)
    const read = last === undefined ? undefined : readLine(last)
    this.#end = read === undefined ? chainStart : { n: read.line.n, hash: read.hash }
    this.#tornBefore = this.#lead !== '' || lines.at(-2) !== last
  }
}
