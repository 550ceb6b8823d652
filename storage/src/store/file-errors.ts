import { HypershardError, messageOf } from '@hypershard/common'

/**
 * Runs a step on local files and translates what the operating system refuses.
 * @param doing what the step does to which file, such as `writing indexes/papers/index.json`
 * @throws HypershardError `storage_full` or `storage_failed`
 */
export async function withFileErrors<Result>(doing: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    throw translateFileError(doing, error)
  }
}

/** The code of a system error, such as `ENOENT`; undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function translateFileError(doing: string, error: unknown): unknown {
  if (error instanceof HypershardError) return error
  const code = systemErrorCode(error)
  if (code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `${doing}: no space left on the disk of the object store; free some or enlarge it, then try again`
    return new HypershardError('storage_full', message, { details: { system: code }, cause: error })
  }
  const message = `${doing}: ${messageOf(error)}; check the object store's disk and permissions`
  return new HypershardError('storage_failed', message, { details: { system: code }, cause: error })
}
