import { HypershardError, messageOf } from '../errors/hypershard-error.ts'
import { openFilesProblem } from './open-files-limit.ts'

/** Codes of a path that is not as it should be: no retry helps, somebody must mend it. */
const pathCodes = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG']

/** The code of a system error, such as `ENOENT`; undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/**
 * What the operating system refused, as a failure of the catalogue: `storage_full` for a full disk, otherwise
 * `storage_failed`. Anything that is no system error is given back as it is.
 * @param doing what was being done to which file, such as `writing indexes/papers/index.json`
 * @param place whose disk it is, such as `the object store`
 */
export function toFileFailure(doing: string, place: string, error: unknown): unknown {
  if (error instanceof HypershardError) return error
  const code = systemErrorCode(error)
  if (code === undefined) return error
  const options = { details: { system: code }, cause: error }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `${doing}: no space left on the disk of ${place}; free some or enlarge it, then try again`
    return new HypershardError('storage_full', message, options)
  }
  const exhausted = openFilesProblem(code)
  if (exhausted !== undefined) {
    const details = { system: code, openFilesMax: exhausted.openFilesMax }
    return new HypershardError('storage_failed', `${doing}: ${exhausted.message}`, { details, cause: error })
  }
  const message = `${doing}: ${messageOf(error)}; check ${place}'s disk and permissions`
  return new HypershardError('storage_failed', message, options)
}

/**
 * The same for a folder that a setting or an option names: where the path itself is at fault it is `invalid_config`.
 * @param name what the folder is, such as `--data /var/lib/hypershard`
 */
export function toFolderFailure(name: string, error: unknown): unknown {
  const code = systemErrorCode(error)
  if (error instanceof HypershardError || code === undefined || !pathCodes.includes(code)) {
    return toFileFailure(name, 'that folder', error)
  }
  const details = { folder: name, system: code }
  return new HypershardError('invalid_config', `${name}: ${problemOf(code, messageOf(error))}`, {
    details,
    cause: error,
  })
}

function problemOf(code: string, message: string): string {
  switch (code) {
    case 'EROFS':
      return 'lies on a read-only filesystem; choose a folder that can be written to'
    case 'EACCES':
    case 'EPERM':
      return `no permission (${message}); change its owner or mode, or choose another`
    default:
      return `${message}; choose another folder`
  }
}
