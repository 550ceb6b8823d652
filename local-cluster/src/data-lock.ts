import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HypershardError, makeFolder, toFolderFailure } from '@hypershard/common'

/**
 * `<data>/lock`: the one supervisor that uses a data directory. It names its process by id and, since ids are used
 * again, by the time that process started.
 */
interface LockContent {
  readonly pid: number
  /** The system's own mark of when the process started; null where it gives none. */
  readonly process_start: string | null
  readonly started_at: string
}

export interface DataLock {
  release(): void
}

/** Two supervisors that find the same stale lock: one of them loses and looks again. */
const attemptsMax = 5

/** What a data directory has in it, and what a filesystem or a desktop puts into any folder. */
const ownNames = /^(store|logs|qnets|tls|lock(\.\d+)?(\.stale)?|\..*|lost\+found)$/

/**
 * Takes the data directory for this process, and makes it if need be. A lock whose process is gone is taken over.
 * @throws HypershardError `conflict` when another supervisor uses it, `invalid_config` for a folder that will not do
 */
export function lockData(dataDirectory: string): DataLock {
  const name = `data directory ${dataDirectory}`
  makeFolder(dataDirectory, name)
  try {
    refuseForeign(dataDirectory)
    return takeLock(dataDirectory)
  } catch (error) {
    throw toFolderFailure(name, error)
  }
}

/** A folder that another program uses is likelier a slip than a wish. */
function refuseForeign(dataDirectory: string): void {
  const names = readdirSync(dataDirectory)
  const foreign = names.find(name => !ownNames.test(name))
  if (foreign === undefined || (names.includes('logs') && names.includes('store'))) return
  const message = `data directory ${dataDirectory}: the folder is used by something else (it has ${foreign} in it); choose an empty one with --data`
  throw new HypershardError('invalid_config', message, { details: { folder: dataDirectory, found: foreign } })
}

function takeLock(dataDirectory: string): DataLock {
  const path = join(dataDirectory, 'lock')
  const draft = join(dataDirectory, `lock.${process.pid}`)
  const own: LockContent = {
    pid: process.pid,
    process_start: processStart(process.pid),
    started_at: new Date().toISOString(),
  }
  writeFileSync(draft, `${JSON.stringify(own)}\n`)
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (linkIfFree(draft, path)) return { release: () => rmSync(path, { force: true }) }
      const owner = readLock(path)
      if (owner !== undefined && isAlive(owner)) throw inUse(dataDirectory, owner)
      // Renaming decides between two that take over: the second finds nothing to rename, or the first one's new lock.
      removeStale(path, `${draft}.stale`, owner)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  throw new HypershardError('conflict', `${path} keeps changing; wait until no other \`hypershard up\` is starting`)
}

/** Linking makes the lock appear with its content, or not at all. */
function linkIfFree(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function removeStale(path: string, aside: string, stale: LockContent | undefined): void {
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = readLock(aside)
  // It was the lock of one who took over in between: give it back.
  if (moved !== undefined && moved.started_at !== stale?.started_at) linkIfFree(aside, path)
  rmSync(aside, { force: true })
}

/** Undefined for a lock that is gone, or torn by a power cut. */
function readLock(path: string): LockContent | undefined {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as LockContent
    return Number.isInteger(content.pid) ? content : undefined
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive({ pid, process_start }: LockContent): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const start = processStart(pid)
  return start === null || process_start === null || start === process_start
}

/** When a process started, in clock ticks since the boot (field 22 of /proc/<pid>/stat, proc(5)); null elsewhere. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, the second field, may have spaces and brackets in it: count from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function inUse(dataDirectory: string, { pid, started_at }: LockContent): HypershardError {
  const message = `${dataDirectory} is used by another \`hypershard up\` (process ${pid}, since ${started_at}); stop it, or choose another --data`
  return new HypershardError('conflict', message, { details: { pid, started_at } })
}
