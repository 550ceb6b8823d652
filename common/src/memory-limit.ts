import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'

/** Where the system tells; another place in tests. */
export interface MemorySources {
  /** Which control groups this process is in, one a line: `number:controllers:path`. */
  readonly groupsFile: string
  /** Where control groups are mounted. */
  readonly mount: string
  readonly totalBytes: () => number
  /** What Node knows of a limit; 0, or more than the machine has, for none. */
  readonly constrainedBytes: () => number
}

const ofThisProcess: MemorySources = {
  groupsFile: '/proc/self/cgroup',
  mount: '/sys/fs/cgroup',
  totalBytes: totalmem,
  constrainedBytes: () => process.constrainedMemory(),
}

/**
 * What this process may use of the machine's memory, in bytes: all of it, or what the tightest control group around it
 * allows. A container sees the memory of its whole machine, and is killed for using more than its own share.
 */
export function memoryLimitBytes(sources: MemorySources = ofThisProcess): number {
  const constrained = sources.constrainedBytes()
  const limits = [constrained > 0 ? constrained : Number.POSITIVE_INFINITY, ...groupLimits(sources)]
  return Math.min(sources.totalBytes(), ...limits)
}

/** Node looks at one group; the ones around it bind as well. */
function groupLimits({ groupsFile, mount }: MemorySources): number[] {
  return (readText(groupsFile) ?? '').split('\n').flatMap(line => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) return []
    // Version 2 has one tree with no name, below `unified` where both versions are mounted.
    if (controllers === '') {
      return [mount, join(mount, 'unified')].flatMap(root => limitsUpward(root, path, 'memory.max'))
    }
    if (controllers!.split(',').includes('memory')) {
      return limitsUpward(join(mount, 'memory'), path, 'memory.limit_in_bytes')
    }
    return []
  })
}

/** Of a group and all around it. In a container the path may be the machine's, and only the mount's root be there. */
function limitsUpward(root: string, path: string, file: string): number[] {
  const limits: number[] = []
  for (let group = path; ; group = dirname(group)) {
    const limit = Number(readText(join(root, group, file)) ?? Number.NaN)
    // `max` is no number, and version 1 says none with a huge one.
    if (Number.isFinite(limit) && limit > 0) limits.push(limit)
    if (group === '/') return limits
  }
}

/** @returns undefined for what is not there, as on another system than Linux */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
