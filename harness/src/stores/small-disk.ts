import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A filesystem of a few KiB, to see what a full disk does. */
export interface SmallDisk {
  readonly path: string
  remove(): Promise<void>
}

/** Undefined where mounting is not allowed. */
export async function mountSmallDisk(kibibytes: number): Promise<SmallDisk | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'hypershard-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', path])
  } catch {
    await rm(path, { recursive: true })
    return undefined
  }
  return {
    path,
    async remove() {
      await run('umount', [path])
      await rm(path, { recursive: true })
    },
  }
}
