/**
 * `documents.arrow`: what is given back with a hit. Utf8 columns `id`, `title`, `text`, `fields` (the JSON text of an
 * object), `version` (in decimal) and `read` (`encodeTextRead`; older segments lack it), in row order, in record batches
 * of `documentsPerBatch` rows, so that a few rows can be read without the rest.
 */
import { expectFormat } from '@hypershard/common'
import type { OwnVector } from '../log/own-vector.ts'
import type { ObjectStore, RangeReader } from '../store/object-store.ts'
import {
  type BatchPlace,
  decodeTextBatch,
  footerBytes,
  readBatchPlaces,
  trailerBytes,
} from './formats/arrow-text-reader.ts'
import { ArrowTextWriter } from './formats/arrow-text-writer.ts'
import { textAt, type Utf8Column, utf8Column } from './formats/utf8-column.ts'
import type { Passage } from './passages/passage-table.ts'
import type { TextBatchCache } from './text-batch-cache.ts'
import { decodeTextRead, encodeTextRead, type TextRead } from './text-read.ts'
import { decodeFile, openSealedFile, type SealedFile } from './verified-file.ts'

/** A document as it was put. */
export interface DocumentContent {
  readonly id: string
  readonly title: string
  readonly text: string
  /** The JSON text of an object: the keys that are not id, title or text. */
  readonly fields: string
}

/** A document in a segment. */
export interface StoredDocument extends DocumentContent {
  /** The sequence number of the write that put it. */
  readonly version: number
  /** How much of it the model of its segment could read, where that is known. */
  readonly read?: TextRead | undefined
  /** The vector that it was put with, of a document that comes from the write log or is copied; no column of the file. */
  readonly vector?: OwnVector | undefined
  /** What its vectors are of, where texts are cut into passages; not in the documents' file. */
  readonly passages?: readonly Passage[] | undefined
}

/**
 * Reading one document reads its whole batch, so batches are small: 32 documents of 1 KiB are one disk read, and 32 of
 * the largest that the API takes (1 MiB) still fit. A batch's own metadata is about 600 bytes.
 */
export const documentsPerBatch = 32

const olderColumns = ['id', 'title', 'text', 'fields', 'version'] as const
const columns = [...olderColumns, 'read'] as const

/** Encodes documents as they come; holds less than one batch of them. */
export class DocumentsEncoder {
  readonly #writer = new ArrowTextWriter(columns)
  #pending: StoredDocument[] = [];

  /** The bytes of the batches that these documents filled. */
  *append(documents: readonly StoredDocument[]): Generator<Uint8Array> {
    for (const document of documents) {
      this.#pending.push(document)
      if (this.#pending.length === documentsPerBatch) yield this.#flush()
    }
  }

  /** The last batch and the footer. */
  *end(): Generator<Uint8Array> {
    if (this.#pending.length > 0) yield this.#flush()
    yield* this.#writer.end()
  }

  #flush(): Uint8Array {
    const documents = this.#pending
    this.#pending = []
    const texts = olderColumns.map(name => documents.map(document => String(document[name])))
    const read = documents.map(document => encodeTextRead(document.read))
    const batch = this.#writer.batch([...texts, read].map(utf8Column))
    return Buffer.concat(batch)
  }
}

/** What is known of a documents' file before it is opened. */
export interface DocumentsShape {
  readonly documents: number
  readonly documentsPerBatch: number
  /** Whether it has the column `read`. */
  readonly hasRead: boolean
}

/** Random access to the documents of a segment. */
export interface DocumentsReader {
  /**
   * The documents of these rows, in the order of `rows`. Reads the record batches that hold them and no others, one
   * after the other. Calls may overlap in time.
   * @throws HypershardError `corrupt_data`, `storage_failed`
   */
  read(rows: readonly number[]): Promise<StoredDocument[]>
  close(): Promise<void>
}

/**
 * Opens a segment's documents. Only the file's length and its footer are checked here: `verifyDocuments` checks every
 * byte, once, when the segment is loaded.
 * @param cache of batches read before, which several files may share
 * @throws HypershardError `corrupt_data`
 */
export async function openDocumentsFile(
  store: ObjectStore,
  file: SealedFile,
  shape: DocumentsShape,
  cache?: TextBatchCache,
): Promise<DocumentsReader> {
  const range = await openSealedFile(store, file)
  try {
    const places = await readPlaces(range, file, shape)
    return new BatchedDocuments(range, { file, places, shape, cache })
  } catch (error) {
    await range.close()
    throw error
  }
}

async function readPlaces(range: RangeReader, file: SealedFile, shape: DocumentsShape): Promise<BatchPlace[]> {
  const batches = Math.ceil(shape.documents / shape.documentsPerBatch)
  const trailer = await range.read(Math.max(0, range.bytes - trailerBytes), Math.min(range.bytes, trailerBytes))
  const length = decodeFile(file, () => footerBytes(trailer, range.bytes))
  const footer = await range.read(range.bytes - length, length)
  return decodeFile(file, () => {
    const places = readBatchPlaces(footer, range.bytes, columnsOf(shape))
    expectFormat(places.length === batches, `it has ${places.length} record batches where ${batches} should be`)
    return places
  })
}

function columnsOf({ hasRead }: DocumentsShape): readonly string[] {
  return hasRead ? columns : olderColumns
}

interface OpenDocumentsFile {
  readonly file: SealedFile
  readonly places: readonly BatchPlace[]
  readonly shape: DocumentsShape
  readonly cache: TextBatchCache | undefined
}

class BatchedDocuments implements DocumentsReader {
  readonly #range: RangeReader
  readonly #file: SealedFile
  readonly #places: readonly BatchPlace[]
  readonly #shape: DocumentsShape
  readonly #cache: TextBatchCache | undefined

  constructor(range: RangeReader, { file, places, shape, cache }: OpenDocumentsFile) {
    this.#range = range
    this.#file = file
    this.#places = places
    this.#shape = shape
    this.#cache = cache
  }

  async read(rows: readonly number[]): Promise<StoredDocument[]> {
    const documents = new Array<StoredDocument>(rows.length)
    for (const [batch, wanted] of this.#wantedByBatch(rows)) {
      const found = await this.#readBatch(batch)
      decodeFile(this.#file, () => {
        for (const index of wanted) documents[index] = documentAt(found, rows[index]! % this.#shape.documentsPerBatch)
      })
    }
    return documents
  }

  close(): Promise<void> {
    return this.#range.close()
  }

  /** For each batch, in file order, which of `rows` it holds. */
  #wantedByBatch(rows: readonly number[]): [batch: number, wanted: number[]][] {
    const wantedBy = Map.groupBy(rows.keys(), index => Math.floor(rows[index]! / this.#shape.documentsPerBatch))
    return [...wantedBy].sort(([left], [right]) => left - right)
  }

  async #readBatch(batch: number): Promise<readonly Utf8Column[]> {
    const { sha256 } = this.#file.seal
    const known = this.#cache?.get(sha256, batch)
    if (known !== undefined) return known
    const columnsRead = await this.#readStoredBatch(batch)
    this.#cache?.keep(sha256, batch, { columns: columnsRead, bytes: this.#places[batch]!.bytes })
    return columnsRead
  }

  async #readStoredBatch(batch: number): Promise<Utf8Column[]> {
    const { documents, documentsPerBatch } = this.#shape
    const { offset, bytes } = this.#places[batch]!
    const expected = Math.min(documentsPerBatch, documents - batch * documentsPerBatch)
    const message = await this.#range.read(offset, bytes)
    return decodeFile(this.#file, () => {
      const decoded = decodeTextBatch(message, columnsOf(this.#shape).length)
      const rows = decoded[0]!.offsets.length - 1
      expectFormat(rows === expected, `record batch ${batch} has ${rows} rows where ${expected} should be`)
      return decoded
    })
  }
}

function documentAt(columnsRead: readonly Utf8Column[], row: number): StoredDocument {
  const [id, title, text, fields, version, readText] = columnsRead.map(column => textAt(column, row))
  expectFormat(/^\d{1,15}$/.test(version!), `the version in row ${row} of a record batch is no number`)
  const read = readText === undefined ? undefined : decodeTextRead(readText)
  const document = { id: id!, title: title!, text: text!, fields: fields!, version: Number(version) }
  return read === undefined ? document : { ...document, read }
}
