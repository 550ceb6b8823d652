import { toFileFailure } from '@hypershard/common'

export { systemErrorCode } from '@hypershard/common'

/**
 * Runs a step on local files and translates what the operating system refuses.
 * @param doing what the step does to which file, such as `writing indexes/papers/index.json`
 * @throws HypershardError `storage_full` or `storage_failed`
 */
export async function withFileErrors<Result>(doing: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    throw toFileFailure(doing, 'the object store', error)
  }
}
