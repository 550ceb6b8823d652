import { type ErrorDetails, HypershardError, messageOf } from '@hypershard/common'

const whatToDo = 'restore it from a copy of the object store, or delete the index and put its documents again'

/**
 * The error of a stored file that is torn, altered or missing.
 * @param where what it belongs to, such as `segment 4f2a8c01…`
 * @param problem names the file: `vectors.safetensors is 1,024 bytes short`
 */
export function corruptData(where: string, problem: string, details: ErrorDetails, cause?: unknown): HypershardError {
  return new HypershardError('corrupt_data', `${where}: ${problem}; ${whatToDo}`, { details, cause })
}

/** Decodes a stored file; whatever the decoder throws is `corrupt_data` of that file. */
export function decodeStored<Result>(where: string, file: string, details: ErrorDetails, decode: () => Result): Result {
  try {
    return decode()
  } catch (error) {
    throw corruptData(where, `${file} cannot be read: ${messageOf(error)}`, { ...details, file }, error)
  }
}

/** The beginning of a digest, enough to find its folder. */
export function shortDigest(digest: string): string {
  return `${digest.slice(0, 8)}…`
}
