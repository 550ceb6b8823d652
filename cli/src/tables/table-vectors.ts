import { HypershardError } from '@hypershard/common'
import { vectorWidthMax } from '@hypershard/contract'
import type { VectorFile } from '../vectors/vector-file.ts'
import { badCell, type Table, vectorColumn } from './table.ts'

/**
 * The lists of numbers in a column as rows of vectors, in f32. How wide they are the first one tells.
 * @throws HypershardError `invalid_request` that names the file, and its row and column
 */
export async function tableVectors(table: Table, column = vectorColumn): Promise<VectorFile> {
  const { path, rows, columns } = table
  if (!columns.includes(column)) {
    const message = `cannot read ${path}: it has no column ${column}; it has ${columns.join(', ')}`
    throw new HypershardError('invalid_request', message, { details: { file: path } })
  }
  const parts = table.read([column])
  const first = await parts.next()
  await parts.return(undefined)
  const width = first.done === true ? 0 : vectorOf(first.value[0]?.[column], { table, column, row: 1 }).length
  if (width < 1 || width > vectorWidthMax)
    throw badCell(table, { row: 1, column }, `${width} values; vectors have 1 to ${vectorWidthMax}`)
  async function* readRows(): AsyncGenerator<Buffer> {
    let row = 0
    for await (const some of table.read([column])) {
      for (const cells of some) {
        const values = vectorOf(cells[column], { table, column, row: ++row })
        if (values.length !== width)
          throw badCell(table, { row, column }, `${values.length} values, the first row has ${width}`)
        yield Buffer.from(values.buffer)
      }
    }
  }
  return { path, rows, width, precision: 'f32', readRows }
}

function vectorOf(
  cell: unknown,
  { table, ...place }: { readonly table: Table; readonly column: string; readonly row: number },
): Float32Array<ArrayBuffer> {
  if (cell === null || cell === undefined) throw badCell(table, place, 'is empty, and every document needs a vector')
  const isList = Array.isArray(cell) || (ArrayBuffer.isView(cell) && !(cell instanceof Uint8Array))
  if (!isList) throw badCell(table, place, 'must be a list of numbers')
  const numbers = Array.from(cell as ArrayLike<unknown>)
  const values = Float32Array.from(numbers, value => (typeof value === 'number' ? value : Number.NaN))
  const bad = values.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) throw badCell(table, place, `value ${bad} is NaN, infinite, or beyond 32 bits`)
  return values
}
