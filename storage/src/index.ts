/** The fields of a segment, as what is exported here takes and gives them. */
export type { Field, Fields, FieldType } from '@hypershard/contract'
export {
  type AliasAction,
  type AliasTable,
  type AliasTarget,
  aliasHistory,
  emptyAliasTable,
  entryOf,
  latestAliasTable,
  newerAliasTable,
} from './catalog/alias/alias-table.ts'
export { changeAliases, forgetOwnName, releaseAliases } from './catalog/alias/change-aliases.ts'
export { externalArchitecture, externalModel } from './catalog/generation/external-model.ts'
export {
  createGeneration,
  firstGeneration,
  type GenerationRecord,
  listGenerations,
  readGeneration,
} from './catalog/generation/generation-record.ts'
export {
  changeGenerationState,
  type GenerationChange,
  type GenerationState,
  isWorkedOn,
  rateLimit,
  readGenerationState,
} from './catalog/generation/generation-state.ts'
export {
  type GenerationOfModel,
  isLoaded,
  modelNotServed,
} from './catalog/generation/model-not-served.ts'
export type { NamedModel } from './catalog/generation/named-model.ts'
export {
  copyOwnSamples,
  newestOwnSamples,
  type OwnSamples,
  readOwnSamples,
  writeOwnSamples,
} from './catalog/generation/own-samples.ts'
export { type IndexingProgress, readProgress, writeProgress } from './catalog/generation/progress-file.ts'
export {
  createIndex,
  deleteIndex,
  type IndexRecord,
  listIndexNames,
  type NewIndex,
  readIndex,
  requireIndex,
} from './catalog/index/index-record.ts'
export { borrowersOf } from './catalog/snapshot/needed-manifests.ts'
export { cloneIndex, type Origin, restoreSnapshot } from './catalog/snapshot/restore-snapshot.ts'
export {
  deleteSnapshot,
  listSnapshots,
  readSnapshot,
  type Snapshot,
  takeSnapshot,
} from './catalog/snapshot/snapshot-record.ts'
export type { Collected, CollectOptions } from './collect/collect-generation.ts'
export { collectIndex } from './collect/collect-index.ts'
export { collectLeftovers } from './collect/collect-leftovers.ts'
export { collectModels } from './collect/collect-models.ts'
export { type GenerationReference, type LogReference, logEntryKey, type SegmentReference } from './layout.ts'
export { type LogEntry, readLogEntry } from './log/log-entry.ts'
export {
  type LogPart,
  LogPartBuilder,
  type LogPartSize,
  type Operation,
  operationId,
  type PutDocument,
  partBounds,
  readLogPart,
} from './log/operation.ts'
export type { OwnVector } from './log/own-vector.ts'
export { type Appended, addLag, type LogLag, lagOf, noLag, WriteLog } from './log/write-log.ts'
export { type AsideDocument, readAside, writeAside } from './manifest/aside/aside-file.ts'
export { countSlices, readSlice } from './manifest/backfill/slices.ts'
export { type CommitOptions, commitSegments } from './manifest/commit/commit-segments.ts'
export { replaceSegments } from './manifest/commit/replace-segments.ts'
export {
  covers,
  eligibleDocuments,
  eligibleIn,
  isBackfilled,
  isSamePosition,
  type LogPosition,
  type Manifest,
  type ManifestReference,
  type SegmentEntry,
  type VectorSample,
} from './manifest/manifest.ts'
export { homeOf, segmentAt } from './manifest/manifest-files.ts'
export {
  commitManifest,
  latestManifest,
  listedManifest,
  newerManifest,
  readManifest,
} from './manifest/manifest-store.ts'
export { rangeSampleRowsMax } from './manifest/samples/extend-samples.ts'
export { readRangeSample, readScaleSample, scaleSampleOf } from './manifest/samples/sample-files.ts'
export { extendUnreadWrites, findUnreadWrite, type UnreadWrite, unreadWritesOf } from './manifest/unread-writes.ts'
export { type Verification, verifyGeneration } from './manifest/verify/verify-generation.ts'
export {
  type HyperHeadFile,
  readHyperHead,
  readModelJson,
  type StoredModel,
  storeModel,
} from './models/stored-model.ts'
export { announcingStore } from './news/announcing-store.ts'
export { type News, newsOfKey } from './news/news-of-key.ts'
export { probeStore, type StoreProbe } from './probe/probe-store.ts'
export { ReservedRoom } from './room/reserved-room.ts'
export { roomToIndex, roomToMerge } from './room/room-to-index.ts'
export type { DocumentContent, DocumentsReader, StoredDocument } from './segment/documents-file.ts'
export {
  columnValueOf,
  compareExactValues,
  compareSortValues,
  type ExactValue,
  exactValueOf,
  type SortValue,
} from './segment/fields/column-value.ts'
export type { FilterColumn, FilterColumns } from './segment/fields/columns-file.ts'
export { type FieldValue, keywordBytesMax, readFieldValue, readFieldValues } from './segment/fields/field-types.ts'
export { joinNumber, type SplitNumber, splitNumber } from './segment/fields/read-number.ts'
export { type IdColumn, textAt } from './segment/formats/utf8-column.ts'
export { DocumentGraph, graphDocumentsMin } from './segment/graph/document-graph.ts'
export { graphQueriesDigest, isCalibratedOtherwise } from './segment/graph/graph-queries.ts'
export {
  knobFor,
  type RecallKnob,
  recallTargets,
  rowsReadPerRowKept,
} from './segment/graph/recall-knobs.ts'
export { analyzeText } from './segment/lexical/analyze-text.ts'
export { LexicalEncoder } from './segment/lexical/lexical-encoder.ts'
export { type LocatedTerm, locateTerms } from './segment/lexical/locate-terms.ts'
export { type GraphBuilder, mergeSegments, rowsLeft } from './segment/merge-segments.ts'
export { type Passage, type PassageTable, passagesOfRow, rowOfPassage } from './segment/passages/passage-table.ts'
export { wholeText } from './segment/passages/passages-file.ts'
export { rowBytesOf } from './segment/row-bytes.ts'
export { openSegment, type SegmentReader } from './segment/segment-reader.ts'
export {
  type CalibratedGraph,
  createSegmentWriter,
  type NewSegment,
  newSegmentOf,
  type SegmentWriter,
} from './segment/segment-writer.ts'
export { TextBatchCache } from './segment/text-batch-cache.ts'
export { addRead, isUnreadable, nothingRead, type SegmentRead, type TextRead } from './segment/text-read.ts'
export {
  type Bitmap,
  complementOf,
  countBits,
  createBitmap,
  hasBit,
  setBit,
  subtractBitmap,
  uniteBitmaps,
} from './segment/tombstones/bitmap.ts'
export { readTombstones, tombstonesOf } from './segment/tombstones/tombstone-file.ts'
export { shardOf } from './shard-of.ts'
export { createDirectoryStore } from './store/directory-store.ts'
export { withFileErrors } from './store/file-errors.ts'
export { measuredStore } from './store/measured-store.ts'
export { storeMetrics } from './store/metrics.ts'
export type { ObjectStore, RangeReader, StoreSpace } from './store/object-store.ts'
export { openObjectStore } from './store/open-object-store.ts'
export { requireReadable } from './store/require-readable.ts'
