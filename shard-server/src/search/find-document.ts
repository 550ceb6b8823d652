import { type RequestContext, waitWithin } from '@hypershard/common'
import type { DocumentAddress, Filter, FindRequest, FindResponse } from '@hypershard/proto/shard'
import {
  type Bitmap,
  type Manifest,
  type ObjectStore,
  openSegment,
  segmentAt,
  subtractBitmap,
} from '@hypershard/storage'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { SegmentHolder, ShardLease } from '../holding/segment-holder.ts'
import { checkManifestReference, checkShards } from './check-request.ts'
import { readDocuments } from './fetch-documents.ts'

export interface FindParts {
  readonly store: ObjectStore
  readonly holder: SegmentHolder
  readonly filter: Pick<RowFilter, 'select'>
}

/** The document with an id at one manifest version, and its vector if that is wanted. Loads the shard where it must. */
export async function findDocument(
  { store, holder, filter }: FindParts,
  { manifest: reference, shard, id, withVector }: FindRequest,
  context: RequestContext,
): Promise<FindResponse> {
  const manifest = await holder.manifest(checkManifestReference(reference), context.deadline)
  checkShards(manifest, [shard])
  const lease = await holder.lease(manifest, shard, context.deadline)
  try {
    const withId: Filter = { kind: { $case: 'ids', value: { values: [id] } } }
    const select = (key: string) => filter.select(key, withId, context.deadline)
    const place = await placeOf(lease, select)
    if (place === undefined) return { found: undefined }
    const { address, vectorRow } = place
    const bytesMax = Number.POSITIVE_INFINITY
    const [document] = await readDocuments([address], { holder, manifest, context, bytesMax })
    const reading = withVector && vectorRow !== undefined ? readVector(store, manifest, address, vectorRow) : undefined
    const vector = reading && (await waitWithin(reading, context.deadline, 'reading the vector'))
    const bytes = vector && Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
    return { found: { address, document, vector: bytes ?? Buffer.alloc(0) } }
  } finally {
    lease.release()
  }
}

interface Place {
  readonly address: DocumentAddress
  /** Undefined for a document of several passages. */
  readonly vectorRow: number | undefined
}

async function placeOf({ segments }: ShardLease, select: (key: string) => Promise<Bitmap>) {
  const places = await Promise.all(
    segments.map(async ({ key, position, deleted, passages }): Promise<Place | undefined> => {
      const selected = await select(key)
      const row = firstRowOf(deleted === undefined ? selected : subtractBitmap(selected, deleted))
      if (row === undefined) return undefined
      const first = passages?.starts[row] ?? row
      const isWhole = passages === undefined || passages.starts[row + 1]! - first === 1
      return { address: { segment: position, row }, vectorRow: isWhole ? first : undefined }
    }),
  )
  return places.find(place => place !== undefined)
}

function firstRowOf(bitmap: Bitmap): number | undefined {
  const byte = bitmap.findIndex(bits => bits !== 0)
  return byte < 0 ? undefined : byte * 8 + Math.log2(bitmap[byte]! & -bitmap[byte]!)
}

async function readVector(store: ObjectStore, manifest: Manifest, { segment }: DocumentAddress, row: number) {
  const reader = await openSegment(store, segmentAt(manifest, manifest.segments[segment]!))
  return reader.readVector(row)
}
