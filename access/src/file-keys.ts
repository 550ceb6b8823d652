/** Keys in a file. docs/formats/keys.md. */
import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HypershardError, messageOf } from '@hypershard/common'
import { type KeyRecord, parseKeys, renderKeys } from './key-record.ts'
import type { KeyStore, StoredKeys } from './ports.ts'

/** For its owner alone: who can write there can let himself in. */
const fileMode = 0o600

export class FileKeys implements KeyStore {
  readonly name: string

  constructor(path: string) {
    this.name = path
  }

  /** All or none: one hand writes a file, and a fault in one record makes the others doubtful. */
  async read(): Promise<StoredKeys> {
    return { keys: await this.#readKeys(), unreadable: [] }
  }

  async add(key: KeyRecord): Promise<void> {
    await this.#write([...(await this.#readOrNone()), key])
  }

  async remove(id: string): Promise<boolean> {
    const keys = await this.#readKeys()
    const kept = keys.filter(key => key.id !== id)
    if (kept.length === keys.length) return false
    await this.#write(kept)
    return true
  }

  close(): void {}

  async #readKeys(): Promise<readonly KeyRecord[]> {
    return parseKeys(await this.#text(), this.name)
  }

  async #text(): Promise<string> {
    try {
      return await readFile(this.name, 'utf8')
    } catch (cause) {
      throw new HypershardError('invalid_config', `${this.name}: cannot be read: ${messageOf(cause)}`, { cause })
    }
  }

  async #readOrNone(): Promise<readonly KeyRecord[]> {
    try {
      return await this.#readKeys()
    } catch (error) {
      const cause = error instanceof HypershardError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined
      if (cause?.code === 'ENOENT') return []
      throw error
    }
  }

  /** Whole or not at all: a coordinator may read it at any time. */
  async #write(keys: readonly KeyRecord[]): Promise<void> {
    const staged = `${this.name}.${randomUUID()}`
    try {
      const file = await open(staged, 'wx', fileMode)
      try {
        await file.writeFile(renderKeys(keys))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(staged, this.name)
      await syncFolder(dirname(this.name))
    } catch (cause) {
      await rm(staged, { force: true })
      throw new HypershardError('invalid_config', `${this.name}: cannot be written: ${messageOf(cause)}`, { cause })
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
