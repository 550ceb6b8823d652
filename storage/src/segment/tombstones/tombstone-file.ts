/**
 * `tombstones/<sha256>.safetensors`: which rows of one segment are deleted, as a bitmap in one U8 tensor `deleted` of
 * `ceil(documents / 8)` bytes. Named by its content, so that it is written once and never changed.
 * docs/formats/manifest.md.
 */
import { shortDigest } from '../../corrupt-data.ts'
import { type GenerationReference, tombstonesKey } from '../../layout.ts'
import type { SegmentEntry } from '../../manifest/manifest.ts'
import { homeOf } from '../../manifest/manifest-files.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { readAddressedTensor, writeAddressedTensor } from '../formats/addressed-tensor.ts'
import type { NamedTensor } from '../formats/tensor-header.ts'
import { type Bitmap, bitmapBytes } from './bitmap.ts'

const tensorOf = (bytes: number): NamedTensor => ({ name: 'deleted', dtype: 'U8', shape: [bytes] })

/** Stores a bitmap and returns the file's digest. */
export async function writeTombstones(
  store: ObjectStore,
  generation: GenerationReference,
  deleted: Bitmap,
): Promise<string> {
  return writeAddressedTensor(store, tensorOf(deleted.length), deleted, digest => tombstonesKey(generation, digest))
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
  return readAddressedTensor(store, tensorOf(bitmapBytes(documents)), { key, digest, where, details })
}

/** Which rows of a manifest's segment are deleted; undefined when none is. @throws HypershardError `corrupt_data` */
export async function tombstonesOf(
  store: ObjectStore,
  manifest: GenerationReference,
  { deleted, documents }: Pick<SegmentEntry, 'deleted' | 'documents'>,
): Promise<Bitmap | undefined> {
  if (deleted === null) return undefined
  return readTombstones(store, homeOf(manifest, deleted), deleted.digest, documents)
}
