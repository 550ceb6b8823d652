/** Arrow IPC files with one column a field: Utf8, Float64, Bool or Timestamp in milliseconds, or a List of it. */

import { expectFormat } from '@hypershard/common'
import {
  Field as ArrowField,
  Bool,
  type DataType,
  Float64,
  List,
  Table,
  TimestampMillisecond,
  tableFromIPC,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import type { Field, Fields, FieldType, FieldValue } from '../fields/field-types.ts'

/** @param rows by field: the values of each row; of a field that is no list the first counts */
export function encodeColumns(
  fields: Fields,
  rows: Readonly<Record<string, readonly (readonly FieldValue[])[]>>,
): Uint8Array {
  const columns = Object.entries(fields).map(([name, field]) => [name, toVector(field, rows[name]!)])
  return tableToIPC(new Table(Object.fromEntries(columns)), 'file')
}

/**
 * The values of each row, by field.
 * @throws when a column is missing, of another type, or has another number of rows
 */
export function decodeColumns(
  bytes: Uint8Array,
  fields: Fields,
  documents: number,
): Record<string, Iterable<readonly FieldValue[]>> {
  const table = tableFromIPC(bytes)
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const vector = table.getChild(name)
      expectFormat(vector !== null, `it has no column ${name}`)
      expectFormat(vector.length === documents, `column ${name} has ${vector.length} rows`)
      const type = field.list ? `List<${arrowTypes[field.type]()}>` : `${arrowTypes[field.type]()}`
      expectFormat(`${vector.type}` === type, `column ${name} is ${vector.type} where it should be ${type}`)
      return [name, rowsOf(vector, field.list)]
    }),
  )
}

function toVector({ type, list }: Field, rows: readonly (readonly FieldValue[])[]): Vector {
  if (!list) {
    return vectorFromArray(
      rows.map(([value = null]) => value),
      arrowTypes[type](),
    )
  }
  const values = rows.map(row => (row.length === 0 ? null : row))
  return vectorFromArray(values, new List(new ArrowField('item', arrowTypes[type](), true)))
}

function* rowsOf(vector: Vector, list: boolean): Generator<readonly FieldValue[]> {
  for (const value of vector as Iterable<FieldValue | Iterable<FieldValue | null> | null>) {
    if (value === null) yield []
    else if (list) yield [...(value as Iterable<FieldValue | null>)].filter(one => one !== null)
    else yield [value as FieldValue]
  }
}

const arrowTypes: Readonly<Record<FieldType, () => DataType>> = {
  keyword: () => new Utf8(),
  number: () => new Float64(),
  boolean: () => new Bool(),
  date: () => new TimestampMillisecond(),
}
