/**
 * safetensors files of one tensor that are named by their own SHA-256: written once, never changed. Their header holds
 * a `writeId` that is drawn anew each time, so that a name never comes back: whoever deletes a file that nothing needs
 * deletes no other.
 */
import { hash, randomUUID } from 'node:crypto'
import { decodeStored } from '../../corrupt-data.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { type DigestedObject, readVerified } from '../../store/read-verified.ts'
import { checkTensorHeader, encodeTensorHeader, type NamedTensor } from './tensor-header.ts'

/**
 * Stores a tensor and returns the file's digest.
 * @param keyOf the file's key, by its digest
 */
export async function writeAddressedTensor(
  store: ObjectStore,
  tensor: NamedTensor,
  data: Uint8Array,
  keyOf: (digest: string) => string,
): Promise<string> {
  const file = Buffer.concat([encodeTensorHeader(tensor, { writeId: randomUUID() }), data])
  const digest = hash('sha256', file, 'hex')
  await store.put(keyOf(digest), file)
  return digest
}

/**
 * The tensor's bytes, in a buffer of their own.
 * @param where what the file is, for messages
 * @throws HypershardError `corrupt_data`
 */
export async function readAddressedTensor(
  store: ObjectStore,
  tensor: NamedTensor,
  file: DigestedObject,
): Promise<Uint8Array<ArrayBuffer>> {
  const { key, where, details } = file
  const bytes = await readVerified(store, file)
  const { dataStart } = decodeStored(where, key, details, () => checkTensorHeader(bytes, bytes.length, tensor))
  return new Uint8Array(bytes.subarray(dataStart))
}
