/** `ids.arrow`: one Utf8 column `id` in row order, as one record batch, so that it loads without decoding. */
import { expectFormat } from '@hypershard/common'
import type { ObjectStore } from '../store/object-store.ts'
import { decodeTextBatch, footerBytes, readBatchPlaces, trailerBytes } from './formats/arrow-text-reader.ts'
import { ArrowTextWriter } from './formats/arrow-text-writer.ts'
import type { IdColumn } from './formats/utf8-column.ts'
import { decodeFile, readWholeFile, type SealedFile } from './verified-file.ts'

const columns = ['id']

/** The file's bytes, in order. */
export function* encodeIds(ids: IdColumn): Generator<Uint8Array> {
  const writer = new ArrowTextWriter(columns)
  yield* writer.batch([ids])
  yield* writer.end()
}

/**
 * Reads all ids into buffers of their own. The file stands in memory twice while this runs.
 * @throws HypershardError `corrupt_data`
 */
export async function readIds(store: ObjectStore, file: SealedFile, documents: number): Promise<IdColumn> {
  const bytes = await readWholeFile(store, file)
  return decodeFile(file, () => decodeIds(bytes, documents))
}

function decodeIds(file: Uint8Array<ArrayBuffer>, documents: number): IdColumn {
  const footer = file.subarray(-footerBytes(file.subarray(-trailerBytes), file.length))
  const [place, ...more] = readBatchPlaces(footer, file.length, columns)
  expectFormat(place !== undefined && more.length === 0, 'it has not one record batch')
  const [ids] = decodeTextBatch(file.subarray(place.offset, place.offset + place.bytes), columns.length)
  expectFormat(ids!.offsets.length === documents + 1, `it has ${ids!.offsets.length - 1} ids`)
  return { offsets: ids!.offsets.slice(), bytes: ids!.bytes.slice(0, ids!.offsets[documents]) }
}
