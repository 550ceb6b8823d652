import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'

/** A log that is longer when its process is first started is put aside; the one put aside before is lost. */
const logBytesMax = 10 * 1024 * 1024
/** The end of a log that is read to say why a process ended. */
const tailBytesMax = 64 * 1024

/** Puts a long log aside as `<path>.1`. */
export function rotateLog(path: string): void {
  if (existsSync(path) && statSync(path).size > logBytesMax) renameSync(path, `${path}.1`)
}

/** What a log says of a process's end. */
export interface LogEnd {
  /** The last lines, as people read them. */
  readonly lines: readonly string[]
  /** The message of the last fatal entry or uncaught error; of an entry also its catalogue code and details. */
  readonly cause?: string
  readonly code?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** An entry of the services' JSON logs. */
interface LogEntry {
  readonly level?: number
  readonly msg?: string
  readonly err?: { readonly message?: string; readonly code?: unknown; readonly details?: Record<string, unknown> }
}

const fatalLevel = 60

/**
 * Reads the end of a log.
 * @param fromByte where the entries of the process's last life begin
 */
export function readLogEnd(path: string, fromByte: number, linesMax: number): LogEnd {
  const lines = readTail(path, fromByte)
    .split('\n')
    .filter(line => line.trim() !== '')
  const entries = lines.map(parseEntry)
  const fatal = entries.findLast(entry => entry !== undefined && (entry.level ?? 0) >= fatalLevel)
  const last = lines.map((line, at) => entries[at]?.msg ?? line).slice(-linesMax)
  if (fatal === undefined) {
    // A crash of Node itself, such as a module that is missing, says what it is on a line before its stack.
    const cause = lines.findLast(line => /^\w*Error\b.*: /.test(line))
    return cause === undefined ? { lines: last } : { lines: last, cause }
  }
  const { code, details, message } = fatal.err ?? {}
  return {
    lines: last,
    cause: message ?? fatal.msg ?? 'no reason given',
    ...(typeof code === 'string' ? { code } : {}),
    ...(details === undefined ? {} : { details }),
  }
}

function readTail(path: string, fromByte: number): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const from = Math.max(fromByte, size - tailBytesMax)
    const tail = Buffer.alloc(Math.max(0, size - from))
    const bytes = readSync(file, tail, 0, tail.length, from)
    return tail.toString('utf8', 0, bytes)
  } finally {
    closeSync(file)
  }
}

/** Services log JSON; a crash of Node itself writes plain text. */
function parseEntry(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as LogEntry
  } catch {
    return undefined
  }
}
