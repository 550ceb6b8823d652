import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where Linux tells of control groups; another place in tests. */
export interface ControlGroupPlaces {
  /** Which control groups this process is in, one a line: `number:controllers:path`. */
  readonly groupsFile: string
  /** Where control groups are mounted. */
  readonly mount: string
}

export const controlGroupsOfThisProcess: ControlGroupPlaces = Object.freeze({
  groupsFile: '/proc/self/cgroup',
  mount: '/sys/fs/cgroup',
})

/** A folder of files that limit this process, and by which version's rules. */
export interface ControlGroup {
  readonly version: 1 | 2
  readonly folder: string
}

/**
 * The groups that bind this process by one controller, such as `memory`: each that it is in, and all around that. In a
 * container the path may be the machine's, and only the mount's root be there, so that some folders need not exist. None
 * on another system than Linux.
 */
export function controlGroupsAround(controller: string, { groupsFile, mount }: ControlGroupPlaces): ControlGroup[] {
  return (readTextIfThere(groupsFile) ?? '').split('\n').flatMap(line => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) return []
    // Version 2 has one tree with no name, below `unified` where both versions are mounted.
    if (controllers === '') return [mount, join(mount, 'unified')].flatMap(root => upward(2, root, path))
    if (!controllers!.split(',').includes(controller)) return []
    // Version 1 mounts several controllers as one, `cpu,cpuacct`, most often with a link for each of them.
    const roots = new Set([controller, controllers!])
    return [...roots].flatMap(root => upward(1, join(mount, root), path))
  })
}

function upward(version: 1 | 2, root: string, path: string): ControlGroup[] {
  const groups: ControlGroup[] = []
  for (let group = path; ; group = dirname(group)) {
    groups.push({ version, folder: join(root, group) })
    if (group === '/') return groups
  }
}

/** @returns undefined for what is not there, as on another system than Linux */
export function readTextIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
