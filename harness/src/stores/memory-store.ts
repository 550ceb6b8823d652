import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { HypershardError } from '@hypershard/common'
import type { ObjectStore, RangeReader } from '@hypershard/storage'

/** An object store in memory, for many small objects, that counts what it is asked for. */
export class MemoryStore implements ObjectStore {
  /** Requests so far: listings, reads and writes alike. */
  requests = 0
  readonly #objects = new Map<string, Uint8Array<ArrayBuffer>>()

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.requests++
    this.#objects.set(key, Uint8Array.from(bytes))
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<void> {
    this.requests++
    if (this.#objects.has(key)) throw new HypershardError('conflict', `${key} exists already`, { details: { key } })
    this.#objects.set(key, Uint8Array.from(bytes))
  }

  async putFile(key: string, localPath: string): Promise<void> {
    this.requests++
    this.#objects.set(key, Uint8Array.from(await readFile(localPath)))
    await rm(localPath)
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.requests++
    return this.#objects.get(key)?.slice()
  }

  async openRange(key: string): Promise<RangeReader | undefined> {
    this.requests++
    const bytes = this.#objects.get(key)
    return (
      bytes && {
        bytes: bytes.length,
        read: async (offset, length) => bytes.slice(offset, offset + length),
        close: async () => undefined,
      }
    )
  }

  async list(folder: string): Promise<string[]> {
    this.requests++
    return [...this.#objects.keys()].filter(key => key.startsWith(folder)).sort()
  }

  async listFolders(folder: string): Promise<string[]> {
    const rests = (await this.list(folder)).map(key => key.slice(folder.length).split('/'))
    return [...new Set(rests.filter(parts => parts.length > 1).map(([name]) => name!))]
  }

  async delete(key: string): Promise<void> {
    this.requests++
    this.#objects.delete(key)
  }

  async deletePrefix(folder: string): Promise<void> {
    for (const key of await this.list(folder)) this.#objects.delete(key)
  }

  async space(): Promise<undefined> {}

  async stagingDirectory(): Promise<string> {
    return tmpdir()
  }
}
