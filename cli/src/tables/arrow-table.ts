import { open } from 'node:fs/promises'
import { DataType, type Field, RecordBatchReader, StructRow, Vector } from 'apache-arrow'
import type { Table, TableRow } from './table.ts'

/** An Arrow file or stream. How many rows it has is known once it was read. @throws what the library throws */
export async function openArrow(path: string): Promise<Table> {
  let rows = 0
  let columns: readonly string[] = []
  for await (const { numRows, schema } of batchesOf(path)) {
    rows += numRows
    columns = schema.fields.map(({ name }) => name)
  }
  async function* read(wanted: readonly string[]): AsyncGenerator<readonly TableRow[]> {
    for await (const batch of batchesOf(path)) {
      const fields = batch.schema.fields.filter(({ name }) => wanted.includes(name))
      const vectors = fields.map(field => ({ field, values: batch.getChild(field.name)! }))
      yield Array.from({ length: batch.numRows }, (_, row) =>
        Object.fromEntries(vectors.map(({ field, values }) => [field.name, plain(values.get(row), field)])),
      )
    }
  }
  return { path, rows, columns, read }
}

async function* batchesOf(path: string) {
  const file = await open(path)
  try {
    // Of a file handle one batch after the other is read; of a stream all of an Arrow file would be.
    yield* await RecordBatchReader.from(file)
  } finally {
    await file.close()
  }
}

function plain(value: unknown, { type }: Field): unknown {
  if (value === null || value === undefined) return undefined
  if (DataType.isTimestamp(type) || DataType.isDate(type)) return new Date(Number(value))
  return unwrapped(value)
}

/** Lists and structs as JavaScript has them. */
function unwrapped(value: unknown): unknown {
  if (value instanceof Vector) return DataType.isFloat(value.type) ? value.toArray() : Array.from(value, unwrapped)
  if (value instanceof StructRow) {
    return Object.fromEntries(Object.entries(value.toJSON()).map(([name, own]) => [name, unwrapped(own)]))
  }
  return value
}
