/**
 * How many bytes of the disk indexing takes, so that a write is accepted only while what was accepted can be indexed.
 * For the operations that wait behind a manifest's checkpoint:
 *
 *     batches  = 3 + 2 × (operations / operationsMax + bytes / bytesMax), at most one a part
 *     segments = one a batch and shard, at most one a document
 *     room     = 2 × (segments × 7 files + vectors × vector + documents × (row + ids and fields) + bytes)
 *              + batches × (a manifest with the new segments + a sample of vectors + progress and the list set aside)
 *              + batches × tombstones of every segment, at most one an operation
 *
 * Any two batches that follow each other exceed what one may hold, hence the 2; the 3 are the one that is being written,
 * the one that is prepared behind it, and the last. Segments count twice: a second indexer at the same work, or one that
 * was killed, has a copy in the staging folder. Ids, and the values of fields that searches can filter by, stand in files
 * of their own beside the documents. A file takes whole blocks.
 */
import { idBytesMax } from '@hypershard/proto/limits'
import { partBounds } from '../log/operation.ts'
import type { LogLag } from '../log/write-log.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { rangeSampleRowsMax, scaleSampleRowsMax } from '../manifest/samples/extend-samples.ts'
import { bitmapBytes } from '../segment/tombstones/bitmap.ts'

/** What filesystems give out space in. */
const blockBytes = 4_096

/** Vectors, ids, documents, columns, passages, the record, and the folder. */
const filesOfSegment = 7

/** Headers, schemas and footers of a file, and the rest of its last block. */
const fileBytes = 2 * blockBytes

/** Of a document, besides its texts and its vector: offsets, version, how much of it was read, a share of a record batch. */
const rowBytes = 256

/**
 * Of the text of a passage, at least: 256 tokens are some 1,200 bytes of English and 768 of ideographs, of which the overlap
 * repeats a part. Of a model that reads less than 128 tokens this is no bound.
 */
const passageTextBytes = 384

/** Of a document's field that searches can filter by. */
const fieldBytes = 32

/** A segment in a manifest, with its tombstones. */
const segmentEntryBytes = 512

/** Progress, the newest writes that the model cannot read, and the list of documents set aside, beside the manifest itself. */
const filesOfCommit = 4

/** @returns an upper bound; 0 when nothing waits */
export function roomToIndex(lag: LogLag, manifest: Manifest): number {
  if (lag.operations === 0) return 0
  const batches = batchesOf(lag)
  const segments = Math.min(batches * manifest.shards, lag.puts)
  const ofDocuments =
    2 *
    (segments * filesOfSegment * fileBytes +
      lag.puts * rowBytesOf(manifest) +
      vectorsBytes(lag, manifest) +
      textBytes(lag, manifest))
  const ofManifest = filesOfCommit * fileBytes + (manifest.segments.length + segments) * segmentEntryBytes
  return (
    ofDocuments + batches * (ofManifest + sampleBytes(manifest)) + batches * tombstonesBytes(lag, manifest, segments)
  )
}

/** What a merge takes: at most the segments' own bytes once more, files in whole blocks, and a manifest. */
export function roomToMerge(segments: readonly { readonly bytes: number }[], graphBytes: number, manifest: Manifest) {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, graphBytes)
  return bytes + (filesOfSegment + filesOfCommit) * fileBytes + manifest.segments.length * segmentEntryBytes
}

function batchesOf({ parts, operations, bytes }: LogLag): number {
  const full = Math.ceil(operations / partBounds.operationsMax + bytes / partBounds.bytesMax)
  return Math.min(parts, 3 + 2 * full)
}

/** One a document, or one a passage. */
function vectorsBytes({ puts, bytes }: LogLag, { vectorWidth, passages }: Manifest): number {
  const vectors = passages === undefined ? puts : puts + Math.ceil(bytes / passageTextBytes)
  return vectors * vectorWidth * Float32Array.BYTES_PER_ELEMENT
}

function rowBytesOf({ fields = {} }: Manifest): number {
  return rowBytes + Object.keys(fields).length * fieldBytes
}

/** The documents as they are stored, their ids once more, and of those with fields whatever the fields may be. */
function textBytes({ puts, bytes }: LogLag, { fields = {} }: Manifest): number {
  const idBytes = Math.min(bytes, puts * idBytesMax)
  return bytes + idBytes + (Object.keys(fields).length > 0 ? bytes : 0)
}

/** The range sample is written again until it is full, a scale sample as often as documents come into it. */
function sampleBytes({ calibration, scaleSample, vectorWidth }: Manifest): number {
  const ofRows = (rows: number) => rows * vectorWidth * Float32Array.BYTES_PER_ELEMENT + fileBytes
  const ranges = (calibration?.documents ?? 0) < rangeSampleRowsMax ? ofRows(rangeSampleRowsMax) : 0
  const hasScales = scaleSample !== undefined || calibration === null
  return ranges + (hasScales ? ofRows(scaleSampleRowsMax) : 0)
}

/** Of one batch: a file for each segment that has a row of it, older ones and those that come of what waits. */
function tombstonesBytes({ operations }: LogLag, { segments }: Manifest, added: number): number {
  const sizes = segments.map(({ documents }) => fileBytes + bitmapBytes(documents))
  sizes.push(...Array.from({ length: added }, () => fileBytes + bitmapBytes(partBounds.operationsMax)))
  const touched = sizes.sort((a, b) => b - a).slice(0, Math.min(operations, partBounds.operationsMax))
  return touched.reduce((sum, bytes) => sum + bytes, 0)
}
