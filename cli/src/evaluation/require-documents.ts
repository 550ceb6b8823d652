import { HypershardError } from '@hypershard/common'
import type { ApiClient } from '../api/client.ts'

/**
 * @returns how many documents the index has
 * @throws HypershardError `invalid_request` for none: whatever is measured of it would be 0
 */
export async function requireDocuments(api: ApiClient, index: string): Promise<number> {
  const { documents } = await api.describeIndex(index)
  if (documents > 0) return documents
  throw new HypershardError('invalid_request', `index \`${index}\` has no documents to find; put some first`)
}
