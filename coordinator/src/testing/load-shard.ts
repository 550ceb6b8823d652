import type { DocumentAddress, ManifestReference } from '@hypershard/proto/shard'
import {
  hasBit,
  type ObjectStore,
  openSegment,
  readManifest,
  segmentAt,
  textAt,
  tombstonesOf,
} from '@hypershard/storage'

export interface LoadedDocument {
  readonly id: string
  readonly vector: Float32Array
  readonly address: DocumentAddress
}

/** What a fake shard server has of a shard: its documents that are not deleted. */
export async function loadShard(
  store: ObjectStore,
  reference: ManifestReference,
  shard: number,
): Promise<LoadedDocument[]> {
  const manifest = await readManifest(store, reference)
  const documents: LoadedDocument[] = []
  for (const [segment, entry] of manifest.segments.entries()) {
    if (entry.shard !== shard) continue
    const reader = await openSegment(store, segmentAt(manifest, entry))
    const [vectors, ids] = [await reader.loadVectors(), await reader.loadIds()]
    const deleted = await tombstonesOf(store, manifest, entry)
    for (let row = 0; row < entry.documents; row++) {
      if (deleted !== undefined && hasBit(deleted, row)) continue
      const vector = vectors.subarray(row * reader.vectorWidth, (row + 1) * reader.vectorWidth)
      documents.push({ id: textAt(ids, row), vector, address: { segment, row } })
    }
  }
  return documents
}
