import { readFileSync } from 'node:fs'

/** Below this many a process that holds hundreds of segments runs out of file descriptors. */
const openFilesMin = 4_096

export const howToRaiseOpenFiles =
  'raise it (`ulimit -n 65536`, LimitNOFILE= of systemd, --ulimit nofile= of docker) and start again'

/**
 * How many files this process may have open; undefined where the system does not tell. Node raises its soft limit to the
 * hard one when it starts, so there is nothing more to be had from inside.
 */
export function openFilesMax(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    // Without a descriptor left the limit cannot be read either: it was when the process started.
    return known
  }
}

const known = openFilesMax()

/** What is wrong with a limit that is too low for more than a trial; undefined for one that will do. */
export function lowOpenFilesLimit(max: number | undefined = openFilesMax()): string | undefined {
  if (max === undefined || max >= openFilesMin) return undefined
  return `this process may have ${max} files open, and each segment needs one; ${howToRaiseOpenFiles}`
}

/** What EMFILE and ENFILE mean, with the number; undefined for any other code of a system error. */
export function openFilesProblem(
  code: string | undefined,
): { message: string; openFilesMax: number | null } | undefined {
  if (code === 'EMFILE') {
    const max = openFilesMax() ?? null
    return {
      message: `this process has all ${max ?? 'the'} files open that it may; ${howToRaiseOpenFiles}`,
      openFilesMax: max,
    }
  }
  if (code !== 'ENFILE') return undefined
  return { message: 'this machine has as many files open as it may; raise fs.file-max with sysctl', openFilesMax: null }
}
