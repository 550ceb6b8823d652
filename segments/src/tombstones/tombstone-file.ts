/**
 * `tombstones/<sha256>.safetensors`: which rows of one segment are deleted, as a bitmap in one U8 tensor `deleted` of
 * `ceil(documents / 8)` bytes. Named by its content, so that it is written once and never changed.
 * docs/formats/manifest.md.
 */
import { hash } from 'node:crypto'
import { corruptData, decodeStored, shortDigest } from '../corrupt-data.ts'
import { checkTensorHeader, encodeTensorHeader, type Tensor } from '../formats/safetensors.ts'
import { type GenerationReference, tombstonesKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type Bitmap, bitmapBytes } from './bitmap.ts'

const tensorName = 'deleted'

const tensorOf = (bytes: number): Tensor => ({ dtype: 'U8', shape: [bytes] })

/** Stores a bitmap and returns the file's digest. */
export async function writeTombstones(
  store: ObjectStore,
  generation: GenerationReference,
  deleted: Bitmap,
): Promise<string> {
  const file = Buffer.concat([encodeTensorHeader(tensorName, tensorOf(deleted.length)), deleted])
  const digest = hash('sha256', file, 'hex')
  await store.put(tombstonesKey(generation, digest), file)
  return digest
}

/**
 * @param documents rows of the segment that the tombstones belong to
 * @throws HypershardError `corrupt_data`
 */
export async function readTombstones(
  store: ObjectStore,
  generation: GenerationReference,
  digest: string,
  documents: number,
): Promise<Bitmap> {
  const key = tombstonesKey(generation, digest)
  const where = `tombstones ${shortDigest(digest)}`
  const details = { ...generation, key }
  const file = await store.get(key)
  if (file === undefined) throw corruptData(where, `${key} is missing`, details)
  if (hash('sha256', file, 'hex') !== digest) {
    throw corruptData(where, `${key} is altered (its SHA-256 is not its name)`, details)
  }
  const expected = { name: tensorName, ...tensorOf(bitmapBytes(documents)) }
  const { dataStart } = decodeStored(where, key, details, () => checkTensorHeader(file, file.length, expected))
  return new Uint8Array(file.subarray(dataStart))
}
