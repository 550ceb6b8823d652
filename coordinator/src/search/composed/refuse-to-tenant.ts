import { HypershardError } from '@hypershard/common'
import type { SearchInput } from '../search-input.ts'

/**
 * Leaves are made comparable on documents of all tenants, and what they score would tell of them: how far each leaf is from
 * their mean.
 * @throws HypershardError `forbidden`
 */
export function refuseToTenant({ composed }: Pick<SearchInput, 'composed'>): void {
  if (composed?.within === undefined) return
  const message =
    'query: a key with a filter may not compose queries: leaves are compared on a sample of all documents; search for each by itself'
  throw new HypershardError('forbidden', message, { details: { path: 'query' } })
}
