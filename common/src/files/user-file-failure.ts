import { HypershardError, messageOf } from '../errors/hypershard-error.ts'
import { systemErrorCode } from './file-failure.ts'
import { openFilesProblem } from './open-files-limit.ts'

/** What is done to a file or folder that a person named. */
export type FileUse = 'read' | 'write'

const advice: Readonly<Record<string, Readonly<Record<FileUse, string>>>> = {
  ENOENT: {
    read: 'there is nothing of that name; check it, and the folder that it is looked for in',
    write: 'its folder does not exist; make that first, or name another',
  },
  EISDIR: { read: 'it is a folder; name a file in it', write: 'it is a folder; name a file in it' },
  ENOTDIR: {
    read: 'a part of the path is a file and no folder; check the path',
    write: 'a part of the path is a file and no folder; check the path',
  },
  EACCES: {
    read: 'no permission; let this user read it and enter its folders',
    write: 'no permission; let this user write there, or name another place',
  },
  EPERM: {
    read: 'no permission; let this user read it and enter its folders',
    write: 'no permission; let this user write there, or name another place',
  },
  EROFS: {
    read: 'it lies on a read-only filesystem; name another place',
    write: 'it lies on a read-only filesystem; name another place',
  },
  ENOSPC: {
    read: 'no space is left on the disk; free some',
    write: 'no space is left on its disk; free some, or name another place',
  },
  ENAMETOOLONG: { read: 'the name is too long; check the path', write: 'the name is too long; choose a shorter one' },
  ELOOP: { read: 'its links go in circles; mend them', write: 'its links go in circles; mend them' },
}

/**
 * What the operating system refused of a file that a person named, and what to do about it.
 * @example reasonOfFile(error, 'read') // 'it is a folder; name a file in it (EISDIR)'
 */
export function reasonOfFile(error: unknown, use: FileUse): string {
  const code = systemErrorCode(error)
  const exhausted = openFilesProblem(code)
  if (exhausted !== undefined) return exhausted.message
  const known = advice[code ?? '']?.[use]
  return known === undefined ? messageOf(error) : `${known} (${code})`
}

/**
 * The same as an `invalid_request` that names the file, as every command says it.
 * @example
 * ```ts
 * throw toUserFileFailure('queries.jsonl', 'read', error) // cannot read queries.jsonl: there is nothing of that name; …
 * ```
 */
export function toUserFileFailure(path: string, use: FileUse, error: unknown): HypershardError {
  if (error instanceof HypershardError) return error
  const system = systemErrorCode(error)
  const details = { file: path, ...(system && { system }) }
  return new HypershardError('invalid_request', `cannot ${use} ${path}: ${reasonOfFile(error, use)}`, {
    details,
    cause: error,
  })
}
