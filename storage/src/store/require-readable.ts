import { type Deadline, waitWithin } from '@hypershard/common'
import { modelsFirstSeenKey } from '../layout.ts'
import type { ObjectStore } from './object-store.ts'

/**
 * Whether the store can be read now, for a probe: one small request.
 * @throws HypershardError `storage_failed`, `deadline_exceeded`
 */
export async function requireReadable(store: ObjectStore, deadline: Deadline): Promise<void> {
  // A directory that is gone is noticed by the first, a bucket that cannot be reached by the second.
  const read = Promise.all([store.space(), store.get(modelsFirstSeenKey)])
  await waitWithin(read, deadline, 'reading the object store')
}
