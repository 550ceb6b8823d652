import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@hypershard/common'
import { systemErrorCode } from './file-errors.ts'

/** A staged file that nobody has written to for this long belongs to a writer that was killed. */
export const stagingIdleMsMax = 60 * 60 * 1000

/**
 * Removes what killed writers left in a staging directory. Safe beside live writers: theirs is younger, and one that
 * did stall for an hour fails with `storage_failed` instead of storing half a file.
 */
export async function sweepStaging(directory: string, clock: Clock): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const lastWriteMs = await lastWriteIn(path)
    if (lastWriteMs !== undefined && clock.now() - lastWriteMs > stagingIdleMsMax) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

/** The newest modification time of a file, or of a folder and the files in it; undefined when it is gone already. */
async function lastWriteIn(path: string): Promise<number | undefined> {
  try {
    const own = await stat(path)
    const files = own.isDirectory() ? await readdir(path) : []
    const times = await Promise.all(files.map(async file => (await stat(join(path, file))).mtimeMs))
    return Math.max(own.mtimeMs, ...times)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
