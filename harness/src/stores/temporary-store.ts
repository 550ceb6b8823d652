import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '@hypershard/storage'
import { createDirectoryStore } from '@hypershard/storage'

/** An object store of a test's own, in a directory that `remove` deletes. */
export interface TemporaryStore {
  readonly root: string
  readonly store: ObjectStore
  remove(): Promise<void>
}

export async function createTemporaryStore(): Promise<TemporaryStore> {
  const root = await mkdtemp(join(tmpdir(), 'hypershard-segments-'))
  const store = await createDirectoryStore(root)
  return { root, store, remove: () => rm(root, { recursive: true, force: true }) }
}
