import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Deadline, HypershardError } from '@hypershard/common'
import { type ObjectStore, shardOf, withFileErrors } from '@hypershard/segments'
import type { CheckedDocument } from './document-sink.ts'
import { readLines } from './read-lines.ts'

/** What error messages call it. */
const spooling = 'keeping the documents until they are encoded'

/** What one put may hold in memory: its ids, each with about 100 bytes beside its own, until the put is done. */
export interface SpoolBounds {
  readonly documentsMax: number
  /** Of the distinct ids together, in UTF-8. */
  readonly idBytesMax: number
}

const spoolBounds: SpoolBounds = Object.freeze({ documentsMax: 5_000_000, idBytesMax: 512 * 1024 * 1024 })

/** Lines gathered before they are written. */
const writeBytes = 256 * 1024

/** A line of the spool has a document of at most 1 MiB, whose control characters take six bytes each at worst. */
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
  readonly #bounds: SpoolBounds
  /** The line that won for each id. */
  readonly #lastLines = new Map<string, number>()
  readonly #documentsByShard = new Map<number, number>()
  #lines = 0
  #idBytes = 0
  #waiting: string[] = []
  #waitingBytes = 0

  private constructor(file: FileHandle, shards: number, bounds: SpoolBounds) {
    this.#file = file
    this.#shards = shards
    this.#bounds = bounds
  }

  static async create(store: ObjectStore, shards: number, bounds = spoolBounds): Promise<DocumentSpool> {
    const path = join(await store.stagingDirectory(), `${randomUUID()}.spool`)
    return withFileErrors(spooling, async () => {
      const file = await open(path, 'wx+')
      await rm(path)
      return new DocumentSpool(file, shards, bounds)
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
    await withFileErrors(spooling, () => this.#file.writeFile(bytes))
  }

  /** The distinct documents, each in the place of its last line. Everything must have been flushed. */
  async *read(deadline: Deadline): AsyncGenerator<CheckedDocument> {
    const stream = this.#file.createReadStream({ start: 0, autoClose: false, highWaterMark: writeBytes })
    const bounds = { lineBytesMax: spoolLineBytesMax, idleMsMax: readIdleMsMax }
    for await (const { line, bytes } of readLines(stream, bounds, deadline)) {
      assert(bytes !== undefined, 'a checked document fits in a line')
      const [id, title, text, fields] = JSON.parse(bytes.toString()) as [string, string, string, string]
      if (this.#lastLines.get(id) === line) yield { id, title, text, fields }
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #countNew(id: string): void {
    const { documentsMax, idBytesMax } = this.#bounds
    this.#idBytes += Buffer.byteLength(id)
    if (this.#lastLines.size >= documentsMax) throw tooLarge(`${documentsMax} documents`, this.#bounds)
    if (this.#idBytes > idBytesMax) throw tooLarge(`${idBytesMax} bytes of ids`, this.#bounds)
    const shard = shardOf(id, this.#shards)
    this.#documentsByShard.set(shard, (this.#documentsByShard.get(shard) ?? 0) + 1)
  }
}

function tooLarge(most: string, bounds: SpoolBounds): HypershardError {
  const message = `one put takes at most ${most}; send the documents in several`
  return new HypershardError('request_too_large', message, { details: { ...bounds } })
}
