import type { StatsFs } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { formatBytes } from '../../terminal/format-number.ts'
import { advice, type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration, ProcessName } from './read-configuration.ts'

const freeShareAdvised = 0.1
const freeShareMin = 0.02

/** The disks that the process writes to have room. */
export const diskRoom: Check<Configuration> = {
  name: 'disk',
  look: async configuration => {
    const found = await Promise.all([...foldersOf(configuration)].map(([what, path]) => roomAt(what, path)))
    return found
  },
}

/** What kinds of process write away from a store in a directory: what comes from S3, and files that are mapped. */
const writeScratch: readonly ProcessName[] = ['shard-server', 'indexer']

function foldersOf({ process, settings }: Configuration): ReadonlyMap<string, string> {
  const folders = new Map<string, string>()
  const store = settings.HYPERSHARD_STORE
  if (typeof store === 'string') {
    const staging = store.startsWith('s3:') ? (URL.parse(store)?.searchParams.get('staging') ?? tmpdir()) : undefined
    folders.set(staging === undefined ? 'the object store' : 'the staging folder', staging ?? store)
  }
  if (writeScratch.includes(process)) {
    folders.set('the scratch folder', String(settings.HYPERSHARD_SHARD_SCRATCH ?? tmpdir()))
  }
  return folders
}

async function roomAt(what: string, path: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfsOfNearest(path)
  const says = `${what} ${path} has ${formatBytes(bavail * bsize)} of ${formatBytes(blocks * bsize)} free`
  if (bavail < freeShareMin * blocks) return problem(`${says}: writes are refused`, 'free some, or take a larger disk')
  return bavail < freeShareAdvised * blocks ? advice(says, 'free some, or take a larger disk') : ok(says)
}

/** A folder that is not there yet is made on the disk of the one around it. */
async function statfsOfNearest(path: string): Promise<StatsFs> {
  try {
    return await statfs(path)
  } catch (error) {
    if (dirname(path) === path) throw error
    return statfsOfNearest(dirname(path))
  }
}
