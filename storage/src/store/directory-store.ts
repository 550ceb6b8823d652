import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, statfs, unlink } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { type Clock, HypershardError, makeFolder, systemClock } from '@hypershard/common'
import { systemErrorCode, withFileErrors } from './file-errors.ts'
import { openFileRange } from './file-range.ts'
import { assertFolder, assertKey } from './object-key.ts'
import type { ObjectStore, RangeReader, StoreSpace } from './object-store.ts'
import { sweepStaging } from './sweep-staging.ts'

/** Under the root, so that moving a file in never leaves its filesystem. No key can begin with a dot. */
const stagingName = '.staging'

/** How often a write starts over because a concurrent deletion took the folder away from under it. */
const publishAttemptsMax = 10

/**
 * The object store in a local directory, which is made when it is missing. A write goes to a temporary name, is
 * synced, gets its final name by `rename` (put) or `link` (putIfAbsent, which fails when the name is taken), and
 * counts once the folder is synced too. Any number of processes may use one directory.
 * @throws HypershardError `invalid_config` for a path that will not do, `storage_full`, `storage_failed`
 */
export async function createDirectoryStore(root: string, options: { clock?: Clock } = {}): Promise<ObjectStore> {
  const store = new DirectoryStore(resolve(root))
  makeFolder(root, `object store ${root}`)
  await withFileErrors(`opening the object store ${root}`, async () => {
    await refuseForeign(root)
    makeFolder(store.staging, `object store ${root}`)
    await sweepStaging(store.staging, options.clock ?? systemClock)
  })
  return store
}

/** What a store has at its top, and what a filesystem or a desktop puts into any folder. */
const ownNames = /^(indexes|aliases|models|probes|\..*|lost\+found)$/

/** A folder that another program uses is likelier a slip than a wish. */
async function refuseForeign(root: string): Promise<void> {
  const names = await readdir(root)
  const foreign = names.find(name => !ownNames.test(name))
  if (foreign === undefined || names.some(name => ['indexes', 'aliases', stagingName].includes(name))) return
  const message = `object store ${root}: the folder is used by something else (it has ${foreign} in it); name an empty one`
  throw new HypershardError('invalid_config', message, { details: { folder: root, found: foreign } })
}

class DirectoryStore implements ObjectStore {
  readonly staging: string
  readonly #root: string

  constructor(root: string) {
    this.#root = root
    this.staging = join(root, stagingName)
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#write(key, bytes, rename)
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<void> {
    const give = async (temporary: string, final: string) => {
      try {
        await link(temporary, final)
      } catch (error) {
        if (systemErrorCode(error) !== 'EEXIST') throw error
        const message = `${key} exists already; read it again and decide anew`
        throw new HypershardError('conflict', message, { details: { key } })
      }
    }
    return this.#write(key, bytes, give, unlink)
  }

  putFile(key: string, localPath: string): Promise<void> {
    const final = this.#pathOf(key)
    return withFileErrors(`storing ${key}`, async () => {
      await syncPath(localPath)
      await this.#publish(final, () => rename(localPath, final))
    })
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#pathOf(key)
    return withFileErrors(`reading ${key}`, () => unlessMissing(() => readFile(path)))
  }

  async openRange(key: string): Promise<RangeReader | undefined> {
    const path = this.#pathOf(key)
    return withFileErrors(`opening ${key}`, () => unlessMissing(() => openFileRange(path, key)))
  }

  async list(folder: string): Promise<string[]> {
    const entries = await this.#entriesOf(folder, true)
    const keys = entries
      .filter(entry => entry.isFile())
      .map(entry => relative(this.#root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    return keys.filter(key => !key.startsWith(`${stagingName}/`)).sort()
  }

  async listFolders(folder: string): Promise<string[]> {
    const entries = await this.#entriesOf(folder, false)
    const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
    return names.filter(name => name !== stagingName).sort()
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key)
    await withFileErrors(`deleting ${key}`, async () => {
      await unlessMissing(() => unlink(path))
      await unlessMissing(() => syncPath(dirname(path)))
    })
  }

  async deletePrefix(folder: string): Promise<void> {
    assertFolder(folder)
    assert(folder !== '', 'the whole store is never deleted')
    const path = join(this.#root, folder)
    await withFileErrors(`deleting ${folder}`, async () => {
      await rm(path, { recursive: true, force: true, maxRetries: publishAttemptsMax })
      await unlessMissing(() => syncPath(dirname(path)))
    })
  }

  space(): Promise<StoreSpace> {
    return withFileErrors('asking how much space the disk has left', async () => {
      const { bavail, blocks, bsize } = await statfs(this.#root)
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
    })
  }

  async stagingDirectory(): Promise<string> {
    return this.staging
  }

  #pathOf(key: string): string {
    assertKey(key)
    return join(this.#root, key)
  }

  async #entriesOf(folder: string, recursive: boolean) {
    assertFolder(folder)
    const path = join(this.#root, folder)
    const entries = await withFileErrors(`listing ${folder || 'the object store'}`, () =>
      unlessMissing(() => readdir(path, { recursive, withFileTypes: true })),
    )
    return entries ?? []
  }

  async #write(
    key: string,
    bytes: Uint8Array,
    give: (temporary: string, final: string) => Promise<void>,
    takeBack?: (final: string) => Promise<void>,
  ): Promise<void> {
    const final = this.#pathOf(key)
    const temporary = join(this.staging, `${randomUUID()}.tmp`)
    await withFileErrors(`writing ${key}`, async () => {
      try {
        await writeSynced(temporary, bytes)
        await this.#publish(final, () => give(temporary, final), takeBack)
      } finally {
        await rm(temporary, { force: true })
      }
    })
  }

  /**
   * Makes the folder of `final`, gives the file its name there, and syncs every folder that changed.
   * @param takeBack removes what was given when the folder cannot be synced: an object must not exist whose writer was
   *   told that it does not. Best effort on a disk that fails
   */
  async #publish(
    final: string,
    give: () => Promise<void>,
    takeBack: (final: string) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const folder = dirname(final)
    for (let attempt = 1; ; attempt++) {
      try {
        const firstMade = await mkdir(folder, { recursive: true })
        await give()
        try {
          // A folder that is gone by now was deleted after the write, and the write with it.
          await unlessMissing(() => syncFolders(folder, firstMade === undefined ? folder : dirname(firstMade)))
        } catch (error) {
          await takeBack(final).catch(() => undefined)
          throw error
        }
        return
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT' || attempt === publishAttemptsMax) throw error
      }
    }
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Syncs `folder` and the folders above it, up to and with `top`. */
async function syncFolders(folder: string, top: string): Promise<void> {
  for (let current = folder; ; current = dirname(current)) {
    await syncPath(current)
    if (current === top || current === dirname(current)) return
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function unlessMissing<Result>(step: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await step()
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
