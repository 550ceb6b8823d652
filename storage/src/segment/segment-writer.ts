import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import type { Fields, LexicalSettings } from '@hypershard/contract'
import { type GenerationReference, segmentFolder } from '../layout.ts'
import type { Manifest, SegmentEntry } from '../manifest/manifest.ts'
import { withFileErrors } from '../store/file-errors.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { DocumentsEncoder, documentsPerBatch, type StoredDocument } from './documents-file.ts'
import { ColumnsEncoder } from './fields/columns-file.ts'
import { Utf8ColumnBuilder } from './formats/utf8-column.ts'
import type { DocumentGraph } from './graph/document-graph.ts'
import type { RecallKnob } from './graph/recall-knobs.ts'
import { encodeIds } from './ids-file.ts'
import { LexicalEncoder } from './lexical/lexical-encoder.ts'
import { PassagesEncoder } from './passages/passages-file.ts'
import {
  columnsName,
  documentsName,
  encodeSegmentRecord,
  type FileSeal,
  graphName,
  idsName,
  lexicalName,
  passagesName,
  recordName,
  type SegmentFileName,
  type SegmentRecord,
  vectorsName,
} from './segment-record.ts'
import { StagedFile, sealWrittenFile } from './staged-file.ts'
import { addRead, nothingRead } from './text-read.ts'
import { encodeVectorsHeader, firstNonFiniteRow, type VectorsShape } from './vectors-file.ts'
import { chunkBytes } from './verified-file.ts'

/** What is known of a segment before its documents come. */
export interface NewSegment
  extends GenerationReference,
    Pick<SegmentRecord, 'shard' | 'documents' | 'passages' | 'vectorWidth' | 'modelDigest'> {
  /** What searches can filter by. */
  readonly fields?: Fields | undefined
  /** How its words are kept; undefined for not at all. */
  readonly lexical?: LexicalSettings | undefined
}

/** A graph of a segment's rows, and what it finds. */
export interface CalibratedGraph {
  readonly graph: DocumentGraph
  readonly recallKnobs: readonly RecallKnob[]
}

/** What a manifest says of a segment that is about to be made for it. */
export function newSegmentOf(manifest: Manifest): Omit<NewSegment, 'shard' | 'documents' | 'passages'> {
  const { index, generation, vectorWidth, modelDigest, fields, lexical } = manifest
  return { index, generation, vectorWidth, modelDigest, fields, lexical }
}

/**
 * Builds one segment from documents and vectors that come in pieces. In memory stand the ids (their UTF-8 and 4 bytes
 * each), the values of the fields, the words, and less than one record batch of documents; everything else is on disk, in
 * a staging folder.
 *
 * A failure of any method has already removed the staging folder. Calls must not overlap.
 * @example
 * ```ts
 * const writer = await createSegmentWriter(store, { ...newSegmentOf(manifest), shard: 0, documents: documents.length })
 * await writer.append(documents, vectors)
 * const next = await commitSegments(store, manifest, [await writer.finish()])
 * ```
 */
export interface SegmentWriter {
  /**
   * @param documents no id may come twice in one segment; with their passages, where the segment has some
   * @param truncated how many of them were longer than the model reads
   * @param vectors row-major [documents.length, vectorWidth], or a row a passage, free to be reused once this has resolved
   * @throws HypershardError `storage_full`, `storage_failed`, `internal` when a value is NaN or infinite
   */
  append(documents: readonly StoredDocument[], vectors: Float32Array, truncated?: number): Promise<void>
  /**
   * The vectors appended so far, row-major, in pieces of whole rows.
   * @throws HypershardError `storage_failed`
   */
  readVectors(): AsyncGenerator<Float32Array<ArrayBuffer>>
  /**
   * Stores a graph of all rows with the segment.
   * @throws HypershardError `storage_full`, `storage_failed`
   */
  addGraph(graph: CalibratedGraph): Promise<void>
  /**
   * Ends the files and makes them durable in the staging folder, so that `finish` needs next to no space any more. Who
   * writes several segments that belong together seals all of them before it finishes the first.
   * @throws HypershardError `storage_full`, `storage_failed`
   */
  seal(): Promise<void>
  /**
   * Stores the segment, sealed before or not: file by file, the record last. Nobody sees it before a manifest names
   * it. A failure on the way leaves the files that were stored, for a collection to delete.
   * @throws HypershardError `storage_full`, `storage_failed`
   */
  finish(): Promise<SegmentEntry>
  /** Removes what was staged; does nothing after `finish`, after a failure, or a second time. */
  abort(): Promise<void>
}

/** @throws HypershardError `storage_full`, `storage_failed` */
export async function createSegmentWriter(store: ObjectStore, segment: NewSegment): Promise<SegmentWriter> {
  assert(segment.documents >= 1 && segment.vectorWidth >= 1, 'a segment of nothing')
  const staging = await store.stagingDirectory()
  const folder = await withFileErrors('staging a segment', () => mkdtemp(join(staging, 'segment-')))
  const files: StagedFile[] = []
  try {
    for (const name of [vectorsName, documentsName, idsName]) files.push(await StagedFile.create(join(folder, name)))
    const [vectors, documents, ids] = files as [StagedFile, StagedFile, StagedFile]
    const hasFields = Object.keys(segment.fields ?? {}).length > 0
    const columns = hasFields ? await StagedFile.create(join(folder, columnsName)) : undefined
    if (columns !== undefined) files.push(columns)
    const passages = segment.passages === undefined ? undefined : await StagedFile.create(join(folder, passagesName))
    if (passages !== undefined) files.push(passages)
    const lexical = segment.lexical && (await StagedFile.create(join(folder, lexicalName)))
    if (lexical !== undefined) files.push(lexical)
    const writer = new StagedSegmentWriter(store, segment, folder, {
      [vectorsName]: vectors,
      [documentsName]: documents,
      [idsName]: ids,
      ...(columns && { [columnsName]: columns }),
      ...(passages && { [passagesName]: passages }),
      ...(lexical && { [lexicalName]: lexical }),
    })
    await vectors.append(encodeVectorsHeader(shapeOf(segment)))
    return writer
  } catch (error) {
    await Promise.all(files.map(file => file.close()))
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** All files of the segment lie in the staging folder. */
interface SealedSegment {
  readonly digest: string
  readonly bytes: number
}

type OptionalName = typeof columnsName | typeof passagesName | typeof graphName | typeof lexicalName

type StagedFiles = Readonly<Record<Exclude<SegmentFileName, OptionalName>, StagedFile>> & {
  readonly [columnsName]?: StagedFile
  readonly [passagesName]?: StagedFile
  readonly [lexicalName]?: StagedFile
}

class StagedSegmentWriter implements SegmentWriter {
  readonly #store: ObjectStore
  readonly #segment: NewSegment
  readonly #folder: string
  readonly #files: StagedFiles
  readonly #ids = new Utf8ColumnBuilder()
  readonly #documents = new DocumentsEncoder()
  readonly #columns: ColumnsEncoder
  readonly #passages = new PassagesEncoder()
  /** Appended. */
  #vectors = 0
  readonly #lexical: LexicalEncoder | undefined
  #graph: { readonly seal: FileSeal; readonly recallKnobs: readonly RecallKnob[] } | undefined
  #truncated = 0
  #read = nothingRead
  #open = true
  #sealed: SealedSegment | undefined

  constructor(store: ObjectStore, segment: NewSegment, folder: string, files: StagedFiles) {
    this.#store = store
    this.#segment = segment
    this.#folder = folder
    this.#files = files
    this.#columns = new ColumnsEncoder(segment.fields ?? {})
    this.#lexical = segment.lexical && new LexicalEncoder(segment.lexical.analyzer)
  }

  append(documents: readonly StoredDocument[], vectors: Float32Array, truncated = 0): Promise<void> {
    return this.#orAbort(async () => {
      assert(this.#sealed === undefined, 'the segment is sealed already')
      const { vectorWidth } = this.#segment
      const rows = documents.reduce((sum, { passages = [] }) => sum + passages.length, 0)
      const isCut = this.#segment.passages !== undefined
      const wanted = (isCut ? rows : documents.length) * vectorWidth
      assert.equal(vectors.length, wanted, 'vectors of another number of documents or passages, or width')
      if (isCut)
        assert(
          documents.every(({ passages = [] }) => passages.length > 0),
          'a document without a passage',
        )
      assert(
        this.#ids.rows + documents.length <= this.#segment.documents,
        'more documents than the segment was made for',
      )
      const badRow = firstNonFiniteRow(vectors, vectorWidth)
      if (badRow !== undefined) throw notFinite(ownerOf(documents, badRow).id)
      await this.#files[vectorsName].append(bytesOf(vectors))
      for (const bytes of this.#documents.append(documents)) await this.#files[documentsName].append(bytes)
      this.#vectors += vectors.length / vectorWidth
      for (const document of documents) {
        const { id, fields, read, passages } = document
        this.#lexical?.append(document)
        this.#ids.append(id)
        if (isCut) this.#passages.append(passages!)
        this.#read = addRead(this.#read, read)
        this.#columns.append(fields)
      }
      this.#truncated += truncated
    })
  }

  async *readVectors(): AsyncGenerator<Float32Array<ArrayBuffer>> {
    const { vectorWidth } = this.#segment
    const rowBytes = vectorWidth * Float32Array.BYTES_PER_ELEMENT
    const pieceBytes = Math.max(1, Math.floor(chunkBytes / rowBytes)) * rowBytes
    const start = encodeVectorsHeader(shapeOf(this.#segment)).length
    const end = start + this.#vectors * rowBytes
    for (let at = start; at < end; at += pieceBytes) {
      const bytes = await this.#files[vectorsName].read(at, Math.min(pieceBytes, end - at))
      yield new Float32Array(bytes.buffer)
    }
  }

  addGraph({ graph, recallKnobs }: CalibratedGraph): Promise<void> {
    return this.#orAbort(async () => {
      assert.equal(graph.rows, shapeOf(this.#segment).rows, 'a graph of other rows')
      const path = join(this.#folder, graphName)
      await withFileErrors(`writing ${path}`, async () => graph.save(path))
      this.#graph = { seal: await sealWrittenFile(path), recallKnobs }
    })
  }

  seal(): Promise<void> {
    return this.#orAbort(async () => {
      assert(this.#sealed === undefined, 'the segment is sealed already')
      this.#sealed = await this.#sealFiles()
    })
  }

  finish(): Promise<SegmentEntry> {
    return this.#orAbort(async () => {
      const { digest, bytes } = this.#sealed ?? (await this.#sealFiles())
      const folder = segmentFolder({ ...this.#segment, digest })
      // The record comes last: until it is there, the segment is not.
      const names = [...Object.keys(this.#files), ...(this.#graph === undefined ? [] : [graphName]), recordName]
      for (const name of names) {
        await this.#store.putFile(folder + name, join(this.#folder, name))
      }
      await this.abort()
      const { shard, documents, passages } = this.#segment
      const counts = { documents, ...(passages !== undefined && { passages }) }
      return { digest, shard, ...counts, bytes, truncated: this.#truncated, read: this.#read, deleted: null }
    })
  }

  async #sealFiles(): Promise<SealedSegment> {
    assert.equal(this.#ids.rows, this.#segment.documents, 'fewer documents than the segment was made for')
    assert.equal(this.#vectors, shapeOf(this.#segment).rows, 'fewer passages than the segment was made for')
    for (const bytes of this.#documents.end()) await this.#files[documentsName].append(bytes)
    for (const bytes of encodeIds(this.#ids.build())) await this.#files[idsName].append(bytes)
    await this.#files[columnsName]?.append(this.#columns.encode())
    await this.#files[passagesName]?.append(this.#passages.encode())
    for (const bytes of this.#lexical?.encode() ?? []) await this.#files[lexicalName]?.append(bytes)
    const { shard, documents, passages, vectorWidth, modelDigest } = this.#segment
    const files = await this.#endFiles()
    const record = encodeSegmentRecord({
      format: 'hypershard.segment/2',
      shard,
      documents,
      ...(passages !== undefined && { passages }),
      vectorWidth,
      modelDigest,
      documentsPerBatch,
      files,
      truncated: this.#truncated,
      read: this.#read,
      writeId: randomUUID(),
      ...(this.#graph && { recallKnobs: [...this.#graph.recallKnobs] }),
    })
    await stageFile(join(this.#folder, recordName), record.bytes)
    const bytes = Object.values(files).reduce((sum, file) => sum + (file?.bytes ?? 0), record.bytes.length)
    return { digest: record.digest, bytes }
  }

  async abort(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await Promise.all(Object.values(this.#files).map(file => file?.close()))
    await withFileErrors('removing a staged segment', () => rm(this.#folder, { recursive: true, force: true }))
  }

  async #orAbort<Result>(step: () => Promise<Result>): Promise<Result> {
    assert(this.#open, 'the segment is finished or aborted already')
    try {
      return await step()
    } catch (error) {
      await this.abort()
      throw error
    }
  }

  async #endFiles(): Promise<SegmentRecord['files']> {
    const columns = await this.#files[columnsName]?.finish()
    const passages = await this.#files[passagesName]?.finish()
    const lexical = await this.#files[lexicalName]?.finish()
    return {
      ...(columns && { [columnsName]: columns }),
      ...(passages && { [passagesName]: passages }),
      ...(lexical && { [lexicalName]: lexical }),
      ...(this.#graph && { [graphName]: this.#graph.seal }),
      [vectorsName]: await this.#files[vectorsName].finish(),
      [idsName]: await this.#files[idsName].finish(),
      [documentsName]: await this.#files[documentsName].finish(),
    }
  }
}

function shapeOf({ documents, passages, vectorWidth }: NewSegment): VectorsShape {
  return { rows: passages ?? documents, vectorWidth }
}

async function stageFile(path: string, bytes: Uint8Array): Promise<void> {
  const file = await StagedFile.create(path)
  try {
    await file.append(bytes)
    await file.finish()
  } finally {
    await file.close()
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Whose vector, of the documents or of their passages, this is. */
function ownerOf(documents: readonly StoredDocument[], vector: number): StoredDocument {
  let first = 0
  return documents.find(({ passages = [undefined] }) => {
    first += passages.length
    return vector < first
  })!
}

function notFinite(id: string): HypershardError {
  const message = `document ${JSON.stringify(id)}: its vector has a NaN or infinite value; the model is not usable`
  return new HypershardError('internal', message, { details: { id } })
}
