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
import { MessageReader, RecordBatchReader, type Schema, Utf8 } from 'apache-arrow'
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

/**
 * The columns of one batch of a file of `columns` text columns, as views of `batch`. Read by the metadata alone: the
 * library's reader of batches made a third of the cost of an answer's texts.
 * @param batch the bytes at a BatchPlace
 * @throws FormatError, and what the library throws at bytes that are no message
 */
export function decodeTextBatch(batch: Uint8Array<ArrayBuffer>, columns: number): Utf8Column[] {
  const message = new MessageReader(batch).readMessage()
  const isBatch = message?.isRecordBatch() && message.bodyLength <= batch.length
  expectFormat(isBatch === true, 'a record batch is not where the footer says')
  const { length, nodes, buffers, compression } = message!.header() as RecordBatchHeader
  expectFormat(compression === null, 'its record batches are compressed')
  // Validity, offsets and text of each column.
  expectFormat(nodes.length === columns && buffers.length === 3 * columns, 'a record batch has other columns')
  const body = batch.subarray(batch.length - message!.bodyLength)
  return nodes.map((node, column) => {
    expectFormat(node.length === length && node.nullCount === 0, 'it has nulls')
    const [offsets, text] = [1, 2].map(part => bufferAt(body, buffers[3 * column + part]!))
    return textColumn(integersOf(offsets!), text!, length)
  })
}

/** Of the library's metadata, whose type it does not export. */
interface RecordBatchHeader {
  readonly length: number
  readonly nodes: readonly { readonly length: number; readonly nullCount: number }[]
  readonly buffers: readonly BufferPlace[]
  readonly compression: object | null
}

/** Within the body of a message. */
interface BufferPlace {
  readonly offset: number
  readonly length: number
}

function bufferAt(body: Uint8Array<ArrayBuffer>, { offset, length }: BufferPlace): Uint8Array<ArrayBuffer> {
  expectFormat(offset >= 0 && length >= 0 && offset + length <= body.length, 'a buffer lies outside of its batch')
  return body.subarray(offset, offset + length)
}

/** A view where the processor can read one, else a copy. */
function integersOf(bytes: Uint8Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const { buffer, byteOffset } = bytes.byteOffset % Int32Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice()
  return new Int32Array(buffer, byteOffset, Math.floor(bytes.length / Int32Array.BYTES_PER_ELEMENT))
}

function expectColumns(schema: Schema, names: readonly string[]): void {
  const found = schema.fields.map(field => `${field.name}: ${field.type}`)
  const expected = names.map(name => `${name}: ${new Utf8()}`)
  expectFormat(found.join() === expected.join(), `its columns are ${found.join(', ')}`)
}

function textColumn(all: Int32Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>, rows: number): Utf8Column {
  const offsets = all.subarray(0, rows + 1)
  let before = 0
  for (const offset of offsets) {
    expectFormat(offset >= before, 'its offsets go back')
    before = offset
  }
  expectFormat(offsets.length === rows + 1 && before <= bytes.length, 'its offsets lie outside of its text')
  return { offsets, bytes }
}
