import { open } from 'node:fs/promises'
import type { Fields } from '@hypershard/contract'
import { corruptData } from '../corrupt-data.ts'
import type { SegmentReference } from '../layout.ts'
import { withFileErrors } from '../store/file-errors.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type DocumentsReader, openDocumentsFile } from './documents-file.ts'
import { type FilterColumns, readColumns } from './fields/columns-file.ts'
import type { IdColumn } from './formats/utf8-column.ts'
import type { RecallKnob } from './graph/recall-knobs.ts'
import { readIds } from './ids-file.ts'
import { readLexicalFile } from './lexical/lexical-file.ts'
import type { PassageTable } from './passages/passage-table.ts'
import { readPassages } from './passages/passages-file.ts'
import {
  columnsName,
  documentsName,
  graphName,
  idsName,
  lexicalName,
  passagesName,
  readSegmentRecord,
  type SegmentFileName,
  type SegmentRecord,
  segmentTitle,
  vectorsName,
} from './segment-record.ts'
import type { TextBatchCache } from './text-batch-cache.ts'
import { readVectorBytes, readVectorRows, readVectors } from './vectors-file.ts'
import { readSealedFile, type SealedFile } from './verified-file.ts'

/**
 * A stored segment. Whoever loads one calls `loadVectors`, `loadIds` and `verifyDocuments` once: after that every byte
 * of it has been checked. Everything that comes back is plain data, and its buffers can be transferred. Loading a
 * segment of some GiB takes seconds of hashing, so it belongs into a worker thread.
 */
export interface SegmentReader
  extends Pick<
    SegmentRecord,
    'shard' | 'documents' | 'passages' | 'documentsPerBatch' | 'vectorWidth' | 'modelDigest'
  > {
  readonly digest: string
  readonly hasGraph: boolean
  readonly hasLexical: boolean
  /** The length of each of its files but the record, 0 for one that it does not have. */
  readonly fileBytes: Readonly<Record<SegmentFileName, number>>
  /** Of its graph. */
  readonly recallKnobs: readonly RecallKnob[]
  /**
   * Row-major [passages, vectorWidth], or [documents, vectorWidth] where there are none, all values finite, in a buffer of their own.
   * @throws HypershardError `corrupt_data` with the file, and the row when a value is NaN or infinite
   */
  loadVectors(): Promise<Float32Array<ArrayBuffer>>
  /** The same, in memory that threads can share. */
  loadSharedVectors(): Promise<Float32Array<SharedArrayBuffer>>
  /**
   * The same, into a local file, where nothing may be yet: their values alone, little-endian.
   * @throws HypershardError as `loadVectors`, `storage_full`, `storage_failed`; what was copied until then is left
   */
  copyVectors(path: string): Promise<void>
  /**
   * One vector, [vectorWidth], of a passage or a document, read alone: the file's digest is not checked.
   * @throws HypershardError `corrupt_data`
   */
  readVector(row: number): Promise<Float32Array<ArrayBuffer>>
  /** Of some rows that follow each other, row-major, read alone like one. @throws HypershardError `corrupt_data` */
  readVectors(rows: { readonly from: number; readonly to: number }): Promise<Float32Array<ArrayBuffer>>
  /** @throws HypershardError `corrupt_data` */
  loadIds(): Promise<IdColumn>
  /**
   * Whose vectors they are; undefined where there is one a document.
   * @throws HypershardError `corrupt_data`
   */
  loadPassages(): Promise<PassageTable | undefined>
  /**
   * The values that filters ask for, of every field; nothing for an index without.
   * @param fields of the manifest
   * @throws HypershardError `corrupt_data`
   */
  loadColumns(fields: Fields): Promise<FilterColumns>
  /**
   * Copies the graph's file to a local path, where nothing may be yet, and checks it; to no path only checks it.
   * @throws HypershardError `corrupt_data`, `storage_full`, `storage_failed`; what was copied until then is left
   */
  copyGraph(path: string | undefined): Promise<void>
  /**
   * The bytes of `lexical.safetensors`, checked, for `new LexicalIndex(bytes, documents)`.
   * @throws HypershardError `corrupt_data`
   */
  loadLexical(): Promise<Uint8Array<SharedArrayBuffer>>
  /**
   * Reads the documents' file once to check it; keeps nothing.
   * @throws HypershardError `corrupt_data`
   */
  verifyDocuments(): Promise<void>
  /**
   * Random access to the documents; the caller closes it.
   * @param cache of batches read before
   * @throws HypershardError `corrupt_data`
   */
  openDocuments(cache?: TextBatchCache): Promise<DocumentsReader>
}

/**
 * Opens a segment and checks its record against its digest.
 * @throws HypershardError `corrupt_data`
 * @example
 * ```ts
 * const reader = await openSegment(store, segmentAt(manifest, entry))
 * const [vectors, ids] = [await reader.loadVectors(), await reader.loadIds()]
 * ```
 */
export async function openSegment(store: ObjectStore, segment: SegmentReference): Promise<SegmentReader> {
  const record = await readSegmentRecord(store, segment)
  const { shard, documents, passages, documentsPerBatch, vectorWidth, modelDigest } = record
  const shape = { rows: passages ?? documents, vectorWidth }
  const sealed = (name: SegmentFileName): SealedFile => {
    const seal = record.files[name]
    if (seal === undefined) throw corruptData(segmentTitle(segment), `${name} is missing`, { ...segment, file: name })
    return { segment, name, seal }
  }
  return {
    digest: segment.digest,
    hasGraph: record.files[graphName] !== undefined,
    hasLexical: record.files[lexicalName] !== undefined,
    recallKnobs: record.recallKnobs ?? [],
    copyGraph: path => copyFile(readSealedFile(store, sealed(graphName)), path),
    fileBytes: bytesOfFiles(record),
    shard,
    documents,
    passages,
    documentsPerBatch,
    vectorWidth,
    modelDigest,
    loadVectors: () => readVectors(store, sealed(vectorsName), shape, bytes => new ArrayBuffer(bytes)),
    copyVectors: path => copyFile(readVectorBytes(store, sealed(vectorsName), shape), path),
    loadSharedVectors: () => readVectors(store, sealed(vectorsName), shape, bytes => new SharedArrayBuffer(bytes)),
    readVector: row => readVectorRows(store, sealed(vectorsName), shape, { from: row, to: row + 1 }),
    readVectors: rows => readVectorRows(store, sealed(vectorsName), shape, rows),
    loadIds: () => readIds(store, sealed(idsName), documents),
    loadPassages: async () =>
      passages === undefined ? undefined : readPassages(store, sealed(passagesName), { documents, passages }),
    loadColumns: async fields =>
      Object.keys(fields).length === 0 ? {} : readColumns(store, sealed(columnsName), fields, documents),
    loadLexical: () => readLexicalFile(store, sealed(lexicalName), documents),
    openDocuments: cache =>
      openDocumentsFile(store, sealed(documentsName), { ...record, hasRead: record.read !== undefined }, cache),
    async verifyDocuments() {
      for await (const _ of readSealedFile(store, sealed(documentsName))) {
        // Reading to the end is the check.
      }
    },
  }
}

function bytesOfFiles({ files }: SegmentRecord): SegmentReader['fileBytes'] {
  return {
    [vectorsName]: files[vectorsName].bytes,
    [idsName]: files[idsName].bytes,
    [documentsName]: files[documentsName].bytes,
    [columnsName]: files[columnsName]?.bytes ?? 0,
    [passagesName]: files[passagesName]?.bytes ?? 0,
    [graphName]: files[graphName]?.bytes ?? 0,
    [lexicalName]: files[lexicalName]?.bytes ?? 0,
  }
}

async function copyFile(chunks: AsyncIterable<Uint8Array>, path: string | undefined): Promise<void> {
  if (path === undefined) {
    for await (const _ of chunks) {
      // Reading to the end is the check.
    }
    return
  }
  const file = await withFileErrors(`creating ${path}`, () => open(path, 'wx'))
  try {
    for await (const chunk of chunks) await withFileErrors(`writing ${path}`, () => file.appendFile(chunk))
  } finally {
    await file.close()
  }
}
