import { HypershardError } from '@hypershard/common'
import type { Manifest } from '@hypershard/storage'

/** @throws HypershardError `invalid_request` for an index that keeps no words */
export function requireWords({ index, lexical }: Manifest): void {
  if (lexical !== undefined) return
  const message = `index \`${index}\` keeps no words; create one with \`lexical\`, or leave words out`
  throw new HypershardError('invalid_request', message)
}
