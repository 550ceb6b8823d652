import type { HypershardClient } from '@hypershard/client'
import { HypershardError } from '@hypershard/common'

/**
 * @returns how many documents the index has
 * @throws HypershardError `invalid_request` for none: whatever is measured of it would be 0
 */
export async function requireDocuments(api: HypershardClient, index: string): Promise<number> {
  const { documents } = await api.describeIndex(index)
  if (documents > 0) return documents
  throw new HypershardError('invalid_request', `index \`${index}\` has no documents to find; put some first`)
}
