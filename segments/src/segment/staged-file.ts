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
    return new StagedFile(path, await withFileErrors(`creating ${path}`, () => open(path, 'wx')))
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
