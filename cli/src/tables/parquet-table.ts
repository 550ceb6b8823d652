import { FormatError } from '@hypershard/common'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Table, TableRow } from './table.ts'

/** Of a row group before it is unpacked: it is read whole. Writers make them of 128 MiB or less unless told otherwise. */
const rowGroupBytesMax = 1024 * 1024 * 1024

/** @throws FormatError, and what the library throws */
export async function openParquet(path: string): Promise<Table> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name)
  const groups = metadata.row_groups.map(({ num_rows: rows, total_byte_size: bytes }) => ({
    rows: Number(rows),
    bytes: Number(bytes),
  }))
  const large = groups.findIndex(({ bytes }) => bytes > rowGroupBytesMax)
  if (large >= 0) {
    throw new FormatError(
      `row group ${large + 1} has ${groups[large]!.bytes} bytes, at most ${rowGroupBytesMax} may be read at once`,
    )
  }
  async function* read(wanted: readonly string[]): AsyncGenerator<readonly TableRow[]> {
    let rowStart = 0
    for (const { rows } of groups) {
      const rowEnd = rowStart + rows
      const part = { columns: [...wanted], rowStart, rowEnd }
      // Bytes that are not said to be text stay bytes: as text some would be replaced, and nobody told.
      yield await parquetReadObjects({ file, metadata, compressors, utf8: false, ...part })
      rowStart = rowEnd
    }
  }
  return { path, rows: groups.reduce((sum, { rows }) => sum + rows, 0), columns, read }
}
