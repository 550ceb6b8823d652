import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Deadline, HypershardError, messageOf } from '@hypershard/common'
import { type ObjectStore, shardOf } from '@hypershard/segments'
import type { CheckedDocument } from './document-sink.ts'
import { readLines } from './read-lines.ts'

/** Each costs about 100 bytes of memory for its id until the put is done. */
export const documentsPerPutMax = 5_000_000

/** Lines gathered before they are written. */
const writeBytes = 256 * 1024

/** A line of the spool repeats a line of at most 1 MiB, with its quotes escaped once more at worst. */
const spoolLineBytesMax = 8 * 1024 * 1024

/** Reading from a local disk never stalls for longer. */
const readIdleMsMax = 60_000

/**
 * The documents of one put between receiving and encoding: a file on the store's disk, with only the ids in memory.
 * The file has no name any more once it is open, so that it is gone when the process is, however that ends.
 */
export class DocumentSpool {
  readonly #file: FileHandle
  readonly #shards: number
  /** The line that won for each id. */
  readonly #lastLines = new Map<string, number>()
  readonly #documentsByShard = new Map<number, number>()
  #lines = 0
  #waiting: string[] = []
  #waitingBytes = 0

  private constructor(file: FileHandle, shards: number) {
    this.#file = file
    this.#shards = shards
  }

  static async create(store: ObjectStore, shards: number): Promise<DocumentSpool> {
    const path = join(await store.stagingDirectory(), `${randomUUID()}.spool`)
    return withSpoolErrors(async () => {
      const file = await open(path, 'wx+')
      await rm(path)
      return new DocumentSpool(file, shards)
    })
  }

  /** Distinct ids. */
  get documents(): number {
    return this.#lastLines.size
  }

  /** Documents whose id came again later. */
  get superseded(): number {
    return this.#lines - this.#lastLines.size
  }

  /** Distinct documents of every shard that has any. */
  get documentsByShard(): ReadonlyMap<number, number> {
    return this.#documentsByShard
  }

  /** @throws HypershardError `storage_full`, `storage_failed`, `request_too_large` */
  async add({ id, title, text, fields }: CheckedDocument): Promise<void> {
    if (!this.#lastLines.has(id)) this.#countNew(id)
    this.#lines++
    this.#lastLines.set(id, this.#lines)
    const line = `${JSON.stringify([id, title, text, fields])}\n`
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    if (this.#waitingBytes >= writeBytes) await this.flush()
  }

  async flush(): Promise<void> {
    const bytes = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingBytes = 0
    await withSpoolErrors(() => this.#file.writeFile(bytes))
  }

  /** The distinct documents, each in the place of its last line. Everything must have been flushed. */
  async *read(deadline: Deadline): AsyncGenerator<CheckedDocument> {
    const stream = this.#file.createReadStream({ start: 0, autoClose: false, highWaterMark: writeBytes })
    const bounds = { lineBytesMax: spoolLineBytesMax, idleMsMax: readIdleMsMax }
    for await (const { line, bytes } of readLines(stream, bounds, deadline)) {
      const [id, title, text, fields] = JSON.parse(bytes!.toString()) as [string, string, string, string]
      if (this.#lastLines.get(id) === line) yield { id, title, text, fields }
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #countNew(id: string): void {
    if (this.#lastLines.size >= documentsPerPutMax) {
      const message = `one put takes at most ${documentsPerPutMax} documents; send them in several`
      throw new HypershardError('request_too_large', message, { details: { documentsPerPutMax } })
    }
    const shard = shardOf(id, this.#shards)
    this.#documentsByShard.set(shard, (this.#documentsByShard.get(shard) ?? 0) + 1)
  }
}

async function withSpoolErrors<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const system = error instanceof Error && 'code' in error ? error.code : undefined
    const what = 'keeping the documents until they are encoded'
    if (system === 'ENOSPC' || system === 'EDQUOT') {
      const message = `${what}: no space left on the disk of the object store; free some, then put them again`
      throw new HypershardError('storage_full', message, { details: { system }, cause: error })
    }
    const message = `${what}: ${messageOf(error)}; check the object store's disk and permissions`
    throw new HypershardError('storage_failed', message, { details: { system }, cause: error })
  }
}
