import assert from 'node:assert/strict'
import { type FileHandle, open } from 'node:fs/promises'
import { HypershardError } from '@hypershard/common'
import { withFileErrors } from './file-errors.ts'
import type { RangeReader } from './object-store.ts'

/**
 * Opens a local file for random access.
 * @param name what error messages call it
 */
export async function openFileRange(path: string, name: string): Promise<RangeReader> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    return new FileRange(handle, size, name)
  } catch (error) {
    await handle.close()
    throw error
  }
}

class FileRange implements RangeReader {
  readonly bytes: number
  readonly #handle: FileHandle
  readonly #name: string

  constructor(handle: FileHandle, bytes: number, name: string) {
    this.#handle = handle
    this.bytes = bytes
    this.#name = name
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    assert(offset >= 0 && length >= 0 && offset + length <= this.bytes, `${this.#name}: reading outside of the file`)
    const target = new Uint8Array(length)
    await withFileErrors(`reading ${this.#name}`, async () => {
      for (let done = 0; done < length; ) {
        const { bytesRead } = await this.#handle.read(target, done, length - done, offset + done)
        if (bytesRead === 0) throw endedEarly(this.#name, offset + done)
        done += bytesRead
      }
    })
    return target
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

function endedEarly(name: string, offset: number): HypershardError {
  const message = `${name} ends at byte ${offset} since it was opened; stored files must never be changed in place`
  return new HypershardError('storage_failed', message, { details: { key: name, offset } })
}
