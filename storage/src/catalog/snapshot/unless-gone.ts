import { HypershardError } from '@hypershard/common'

/** Undefined for what was deleted while this was going on. */
export async function unlessGone<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof HypershardError && ['index_not_found', 'generation_not_found'].includes(error.code)) {
      return undefined
    }
    throw error
  }
}
