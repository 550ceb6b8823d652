/**
 * Reading of Arrow IPC files of text columns (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format):
 *
 * | bytes | content |
 * |---|---|
 * | 0..8 | `ARROW1` and two zero bytes |
 * | | record batches, each a message (metadata, then column buffers) at a multiple of 8 |
 * | | end-of-stream marker, footer (schema and the place of each batch) |
 * | last 10 | the footer's length, i32 little-endian, and `ARROW1` |
 *
 * The library's own random-access reader keeps one position, so that two reads at once disturb each other, and decodes
 * text with a decoder that drops a byte order mark. Here the footer gives the batches' places, each batch is read on
 * its own, and texts stay bytes.
 */

import { expectFormat } from '@hypershard/common'
import {
  AsyncByteQueue,
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
  Utf8,
} from 'apache-arrow'
import { textSchema } from './arrow-text-writer.ts'
import type { Utf8Column } from './utf8-column.ts'

/** A batch's message: where it is in the file and how long. */
export interface BatchPlace {
  readonly offset: number
  readonly bytes: number
}

const magic = Buffer.from('ARROW1\0\0')

/** The footer's length and the closing magic. */
export const trailerBytes = 10

/**
 * The length of the footer, trailer included.
 * @param trailer the last 10 bytes of the file
 * @throws FormatError
 */
export function footerBytes(trailer: Uint8Array, fileBytes: number): number {
  expectFormat(trailer.length === trailerBytes, 'it is too short for an Arrow file')
  expectFormat(Buffer.from(trailer).subarray(4).equals(magic.subarray(0, 6)), 'it does not end like an Arrow file')
  const length = new DataView(trailer.buffer, trailer.byteOffset).getInt32(0, true)
  expectFormat(length > 0 && magic.length + length + trailerBytes <= fileBytes, 'its footer does not fit into it')
  return length + trailerBytes
}

/**
 * The batches of a file.
 * @param footer the last `footerBytes` bytes of the file
 * @throws FormatError when the columns are others than `names`, or a batch lies outside of the file
 */
export function readBatchPlaces(footer: Uint8Array, fileBytes: number, names: readonly string[]): BatchPlace[] {
  const reader = RecordBatchReader.from(Buffer.concat([magic, footer])).open()
  expectFormat(reader.isFile() && reader.isSync() && reader.footer !== null, 'it has no footer')
  expectColumns(reader.footer.schema, names)
  const places: BatchPlace[] = []
  for (const { offset, metaDataLength, bodyLength } of reader.footer.recordBatches()) {
    const place = { offset, bytes: metaDataLength + bodyLength }
    const inside = offset >= magic.length && place.bytes > 0 && offset + place.bytes <= fileBytes
    expectFormat(inside, 'a record batch lies outside of it')
    places.push(place)
  }
  return places
}

/** Decodes single batches of files with these columns; cheap to call, dear to make. */
export class BatchDecoder {
  readonly #schemaMessage: Uint8Array

  constructor(names: readonly string[]) {
    this.#schemaMessage = encodeSchemaMessage(textSchema(names))
  }

  /**
   * The columns of one batch, as views of `batch`.
   * @param batch the bytes at a BatchPlace
   * @throws FormatError, and what the library throws at bytes that are no batch
   */
  decode(batch: Uint8Array): Utf8Column[] {
    const [decoded, ...more] = RecordBatchReader.from([this.#schemaMessage, batch])
    expectFormat(decoded !== undefined && more.length === 0, 'a record batch is not where the footer says')
    return decoded.data.children.map((_, column) => textColumn(decoded, column))
  }
}

function expectColumns(schema: Schema, names: readonly string[]): void {
  const found = schema.fields.map(field => `${field.name}: ${field.type}`)
  const expected = names.map(name => `${name}: ${new Utf8()}`)
  expectFormat(found.join() === expected.join(), `its columns are ${found.join(', ')}`)
}

function textColumn(batch: RecordBatch, column: number): Utf8Column {
  const data = batch.data.children[column]!
  expectFormat(data.nullCount === 0, 'it has nulls')
  const offsets: Int32Array<ArrayBuffer> = data.valueOffsets.subarray(0, batch.numRows + 1)
  const bytes: Uint8Array<ArrayBuffer> = data.values
  let before = 0
  for (const offset of offsets) {
    expectFormat(offset >= before, 'its offsets go back')
    before = offset
  }
  expectFormat(offsets.length === batch.numRows + 1 && before <= bytes.length, 'its offsets lie outside of its text')
  return { offsets, bytes }
}

/** What a stream of batches begins with; files of the library do not have it. */
function encodeSchemaMessage(schema: Schema): Uint8Array {
  const chunks: Uint8Array[] = []
  const sink = new AsyncByteQueue()
  sink.write = chunk => void chunks.push(chunk as Uint8Array)
  new RecordBatchStreamWriter({ autoDestroy: false }).reset(sink, schema)
  return Buffer.concat(chunks)
}
