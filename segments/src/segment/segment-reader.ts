import { corruptData } from '../corrupt-data.ts'
import { type FilterColumns, readColumns } from '../fields/columns-file.ts'
import type { Fields } from '../fields/field-types.ts'
import type { IdColumn } from '../formats/utf8-column.ts'
import type { SegmentReference } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type DocumentsReader, openDocumentsFile } from './documents-file.ts'
import { readIds } from './ids-file.ts'
import {
  columnsName,
  documentsName,
  idsName,
  readSegmentRecord,
  type SegmentFileName,
  type SegmentRecord,
  segmentTitle,
  vectorsName,
} from './segment-record.ts'
import { readVectorRow, readVectors } from './vectors-file.ts'
import { readSealedFile, type SealedFile } from './verified-file.ts'

/**
 * A stored segment. Whoever loads one calls `loadVectors`, `loadIds` and `verifyDocuments` once: after that every byte
 * of it has been checked. Everything that comes back is plain data, and its buffers can be transferred. Loading a
 * segment of some GiB takes seconds of hashing, so it belongs into a worker thread.
 */
export interface SegmentReader extends Pick<SegmentRecord, 'shard' | 'documents' | 'vectorWidth' | 'modelDigest'> {
  readonly digest: string
  /**
   * Row-major [documents, vectorWidth], all values finite, in a buffer of their own.
   * @throws HypershardError `corrupt_data` with the file, and the row when a value is NaN or infinite
   */
  loadVectors(): Promise<Float32Array<ArrayBuffer>>
  /** The same, in memory that threads can share. */
  loadSharedVectors(): Promise<Float32Array<SharedArrayBuffer>>
  /**
   * One vector, [vectorWidth], read alone: the file's digest is not checked.
   * @throws HypershardError `corrupt_data`
   */
  readVector(row: number): Promise<Float32Array<ArrayBuffer>>
  /** @throws HypershardError `corrupt_data` */
  loadIds(): Promise<IdColumn>
  /**
   * The values that filters ask for, of every field; nothing for an index without.
   * @param fields of the manifest
   * @throws HypershardError `corrupt_data`
   */
  loadColumns(fields: Fields): Promise<FilterColumns>
  /**
   * Reads the documents' file once to check it; keeps nothing.
   * @throws HypershardError `corrupt_data`
   */
  verifyDocuments(): Promise<void>
  /**
   * Random access to the documents; the caller closes it.
   * @throws HypershardError `corrupt_data`
   */
  openDocuments(): Promise<DocumentsReader>
}

/**
 * Opens a segment and checks its record against its digest.
 * @throws HypershardError `corrupt_data`
 */
export async function openSegment(store: ObjectStore, segment: SegmentReference): Promise<SegmentReader> {
  const record = await readSegmentRecord(store, segment)
  const { shard, documents, vectorWidth, modelDigest } = record
  const sealed = (name: SegmentFileName): SealedFile => {
    const seal = record.files[name]
    if (seal === undefined) throw corruptData(segmentTitle(segment), `${name} is missing`, { ...segment, file: name })
    return { segment, name, seal }
  }
  return {
    digest: segment.digest,
    ...{ shard, documents, vectorWidth, modelDigest },
    loadVectors: () => readVectors(store, sealed(vectorsName), record, bytes => new ArrayBuffer(bytes)),
    loadSharedVectors: () => readVectors(store, sealed(vectorsName), record, bytes => new SharedArrayBuffer(bytes)),
    readVector: row => readVectorRow(store, sealed(vectorsName), record, row),
    loadIds: () => readIds(store, sealed(idsName), documents),
    loadColumns: async fields =>
      Object.keys(fields).length === 0 ? {} : readColumns(store, sealed(columnsName), fields, documents),
    openDocuments: () => openDocumentsFile(store, sealed(documentsName), record),
    async verifyDocuments() {
      for await (const _ of readSealedFile(store, sealed(documentsName))) {
        // Reading to the end is the check.
      }
    },
  }
}
