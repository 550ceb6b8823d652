import type { StoredDocument } from '../../segment/documents-file.ts'
import { rowsLeft } from '../../segment/merge-segments.ts'
import { openSegment } from '../../segment/segment-reader.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { type AsideDocument, readAside } from '../aside/aside-file.ts'
import type { Manifest, SegmentEntry } from '../manifest.ts'
import { segmentAt } from '../manifest-files.ts'

/** Rows of one slice: a slice is encoded and committed as a whole, and done again as a whole after a crash. */
const rowsPerSlice = 4_096

/** Some rows of one segment, or the documents set aside. Every document of the manifest is in exactly one slice. */
type Slice = { readonly segment: SegmentEntry; readonly from: number; readonly to: number } | 'aside'

/** How many slices a manifest is cut into. The cut depends on nothing else. */
export function countSlices(manifest: Manifest): number {
  return slicesOf(manifest).length
}

/**
 * The documents of one slice that are not deleted.
 * @param withVectors each with the vector that it has in its segment
 * @throws HypershardError `corrupt_data`
 */
export async function readSlice(
  store: ObjectStore,
  manifest: Manifest,
  slice: number,
  { withVectors = false }: { readonly withVectors?: boolean } = {},
): Promise<StoredDocument[]> {
  const found = slicesOf(manifest)[slice]
  if (found === undefined) return []
  if (found === 'aside') return (await readAside(store, manifest)).map(withoutReason)
  const { segment, from, to } = found
  const rows = (await rowsLeft(store, manifest, segment)).filter(row => row >= from && row < to)
  const reader = await openSegment(store, segmentAt(manifest, segment))
  const documents = await reader.openDocuments()
  try {
    const read = await documents.read(rows)
    if (!withVectors) return read
    const vectors = await reader.readVectors({ from, to })
    const { vectorWidth: width, modelDigest: model } = reader
    const vectorOf = (row: number) => vectors.subarray((row - from) * width, (row - from + 1) * width)
    return read.map((document, at) => ({ ...document, vector: { model, values: vectorOf(rows[at]!) } }))
  } finally {
    await documents.close()
  }
}

function slicesOf({ segments, aside }: Manifest): Slice[] {
  const slices: Slice[] = segments.flatMap(segment =>
    Array.from({ length: Math.ceil(segment.documents / rowsPerSlice) }, (_, at) => ({
      segment,
      from: at * rowsPerSlice,
      to: Math.min(segment.documents, (at + 1) * rowsPerSlice),
    })),
  )
  return aside === null ? slices : [...slices, 'aside']
}

function withoutReason({ id, title, text, fields, version }: AsideDocument): StoredDocument {
  return { id, title, text, fields, version }
}
