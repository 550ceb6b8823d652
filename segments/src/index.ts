export { readCalibration } from './calibration/calibration-file.ts'
export { calibrationRowsMax } from './calibration/extend-calibration.ts'
export { commitSegments } from './commit/commit-segments.ts'
export { type IdColumn, textAt } from './formats/utf8-column.ts'
export {
  createIndex,
  deleteIndex,
  type IndexRecord,
  indexNamePattern,
  listIndexNames,
  type NewIndex,
  readIndex,
} from './index/index-record.ts'
export type { GenerationReference, SegmentReference } from './layout.ts'
export {
  type Calibration,
  eligibleDocuments,
  emptyManifest,
  type Manifest,
  type ManifestReference,
  type SegmentEntry,
} from './manifest/manifest.ts'
export { commitManifest, latestManifest, readManifest } from './manifest/manifest-store.ts'
export type { DocumentsReader, StoredDocument } from './segment/documents-file.ts'
export { openSegment, type SegmentReader } from './segment/segment-reader.ts'
export { createSegmentWriter, type NewSegment, type SegmentWriter } from './segment/segment-writer.ts'
export { shardOf } from './shard-of.ts'
export { createDirectoryStore } from './store/directory-store.ts'
export { withFileErrors } from './store/file-errors.ts'
export type { ObjectStore, RangeReader } from './store/object-store.ts'
export { type Bitmap, countBits, createBitmap, hasBit, setBit, uniteBitmaps } from './tombstones/bitmap.ts'
export { readTombstones } from './tombstones/tombstone-file.ts'
