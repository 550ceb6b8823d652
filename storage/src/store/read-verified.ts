import { hash } from 'node:crypto'
import type { ErrorDetails } from '@hypershard/common'
import { corruptData } from '../corrupt-data.ts'
import type { ObjectStore } from './object-store.ts'

/** A whole object whose SHA-256 is known, and what messages call it. */
export interface DigestedObject {
  readonly key: string
  readonly digest: string
  readonly where: string
  readonly details: ErrorDetails
  /** Where its SHA-256 is known from, if that is not its name. */
  readonly digestIs?: string
}

/** @throws HypershardError `corrupt_data` when it is missing or altered */
export async function readVerified(store: ObjectStore, object: DigestedObject): Promise<Uint8Array<ArrayBuffer>> {
  const { key, digest, where, details, digestIs = 'its name' } = object
  const bytes = await store.get(key)
  if (bytes === undefined) throw corruptData(where, `${key} is missing`, details)
  if (hash('sha256', bytes, 'hex') !== digest) {
    throw corruptData(where, `${key} is altered (its SHA-256 is not ${digestIs})`, details)
  }
  return bytes
}
