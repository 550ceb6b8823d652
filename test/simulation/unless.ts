import { HypershardError } from '@hypershard/common'

/** Swallows errors of one code. */
export function unless(code: HypershardError['code']): (error: unknown) => undefined {
  return error => {
    if (!(error instanceof HypershardError && error.code === code)) throw error
  }
}
