import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { withFileErrors } from '../store/file-errors.ts'
import type { FileSeal } from './segment-record.ts'
import { chunkBytes } from './verified-file.ts'

/** A file that is being written in a staging folder, hashed as it grows. */
export class StagedFile {
  readonly path: string
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  #bytes = 0

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  static async create(path: string): Promise<StagedFile> {
    return new StagedFile(path, await withFileErrors(`creating ${path}`, () => open(path, 'wx+')))
  }

  /** @throws HypershardError `storage_full`, `storage_failed` */
  async append(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
      const chunk = bytes.subarray(offset, offset + chunkBytes)
      this.#hash.update(chunk)
      // appendFile on a handle goes on until every byte is written, unlike a single write.
      await withFileErrors(`writing ${this.path}`, () => this.#handle.appendFile(chunk))
    }
    this.#bytes += bytes.length
  }

  /**
   * What was appended before.
   * @throws HypershardError `storage_failed`
   */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length)
    await withFileErrors(`reading ${this.path}`, async () => {
      for (let at = 0; at < length; ) {
        const { bytesRead } = await this.#handle.read(bytes, at, length - at, offset + at)
        if (bytesRead === 0) throw new Error(`it ends ${length - at} bytes early`)
        at += bytesRead
      }
    })
    return bytes
  }

  /** Makes the file durable and closes it. */
  async finish(): Promise<FileSeal> {
    await withFileErrors(`syncing ${this.path}`, () => this.#handle.sync())
    await this.#handle.close()
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes }
  }

  /** Closes the file, finished or not. */
  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/**
 * Makes a file durable that something else has written, and reads it once for its digest.
 * @throws HypershardError `storage_full`, `storage_failed`
 */
export async function sealWrittenFile(path: string): Promise<FileSeal> {
  return withFileErrors(`reading ${path}`, async () => {
    const file = await open(path, 'r+')
    try {
      const hash = createHash('sha256')
      const chunk = new Uint8Array(chunkBytes)
      let bytes = 0
      for (let read = -1; read !== 0; bytes += read) {
        read = (await file.read(chunk, 0, chunk.length, bytes)).bytesRead
        hash.update(chunk.subarray(0, read))
      }
      await file.sync()
      return { sha256: hash.digest('hex'), bytes }
    } finally {
      await file.close()
    }
  })
}
