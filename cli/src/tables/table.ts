import { HypershardError } from '@hypershard/common'

export type TableRow = Readonly<Record<string, unknown>>

/** A file of rows and columns, read from its beginning to its end, a part at a time. */
export interface Table {
  readonly path: string
  readonly rows: number
  readonly columns: readonly string[]
  /**
   * These columns of all rows, in their order, some rows at a time: a row group or a record batch, which is in memory then.
   * @throws HypershardError `invalid_request` for what cannot be read
   */
  read(columns: readonly string[]): AsyncGenerator<readonly TableRow[]>
}

/** Where documents have their vectors, unless another column is named. */
export const vectorColumn = 'vector'

/** @param row counted from 1, as the lines that are made of rows */
export function badCell(
  { path }: Pick<Table, 'path'>,
  { row, column }: { readonly row: number; readonly column: string },
  fault: string,
): HypershardError {
  const message = `${path}: row ${row}, column ${column}: ${fault}; nothing was written`
  return new HypershardError('invalid_request', message, { details: { file: path, row, column } })
}
