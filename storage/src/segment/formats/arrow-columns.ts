/**
 * Arrow IPC files with one column a field: Utf8, Float64, Bool or Timestamp in milliseconds, or a List of it. A number
 * that is an integer which no double holds has the nearest one there, and in the column `<field>#rest`, Int16 or a List
 * of it, what that lacks. Without such numbers there is no second column.
 */

import { expectFormat } from '@hypershard/common'
import type { Fields, FieldType } from '@hypershard/contract'
import {
  Field as ArrowField,
  Bool,
  type DataType,
  Float64,
  Int16,
  List,
  Table,
  TimestampMillisecond,
  tableFromIPC,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import type { FieldValue } from '../fields/field-types.ts'
import { joinNumber, splitNumber } from '../fields/read-number.ts'

/** @param rows by field: the values of each row; of a field that is no list the first counts */
export function encodeColumns(
  fields: Fields,
  rows: Readonly<Record<string, readonly (readonly FieldValue[])[]>>,
): Uint8Array {
  const columns = Object.entries(fields).flatMap(([name, field]) => {
    const own = rows[name]!
    const column = [name, toVector(field.list, arrowTypes[field.type](), own.map(asDoubles))] as const
    if (!own.some(values => values.some(value => typeof value === 'bigint'))) return [column]
    return [column, [restName(name), toVector(field.list, new Int16(), own.map(restsOf))] as const]
  })
  return tableToIPC(new Table(Object.fromEntries(columns)), 'file')
}

/** No field can have this name. */
function restName(field: string): string {
  return `${field}#rest`
}

function asDoubles(values: readonly FieldValue[]): readonly (string | number | boolean)[] {
  return values.map(value => (typeof value === 'bigint' ? splitNumber(value).double : value))
}

function restsOf(values: readonly FieldValue[]): readonly number[] {
  return values.map(value => (typeof value === 'bigint' ? splitNumber(value).rest : 0))
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
      const column = { table, name, list: field.list, documents }
      const values = rowsOf(columnOf(column, arrowTypes[field.type]()), field.list)
      const hasRests = field.type === 'number' && table.getChild(restName(name)) !== null
      if (!hasRests) return [name, values]
      const rests = rowsOf(columnOf({ ...column, name: restName(name) }, new Int16()), field.list)
      return [name, joined(values as Iterable<readonly number[]>, rests as Iterator<readonly number[]>)]
    }),
  )
}

function columnOf(
  { table, name, list, documents }: { table: Table; name: string; list: boolean; documents: number },
  valueType: DataType,
): Vector {
  const vector = table.getChild(name)
  expectFormat(vector !== null, `it has no column ${name}`)
  expectFormat(vector.length === documents, `column ${name} has ${vector.length} rows`)
  const type = list ? `List<${valueType}>` : `${valueType}`
  expectFormat(`${vector.type}` === type, `column ${name} is ${vector.type} where it should be ${type}`)
  return vector
}

function toVector(list: boolean, type: DataType, rows: readonly (readonly unknown[])[]): Vector {
  if (!list) {
    return vectorFromArray(
      rows.map(([value = null]) => value),
      type,
    )
  }
  const values = rows.map(row => (row.length === 0 ? null : row))
  return vectorFromArray(values, new List(new ArrowField('item', type, true)))
}

function* rowsOf(vector: Vector, list: boolean): Generator<readonly FieldValue[]> {
  for (const value of vector as Iterable<FieldValue | Iterable<FieldValue | null> | null>) {
    if (value === null) yield []
    else if (list) yield [...(value as Iterable<FieldValue | null>)].filter(one => one !== null)
    else yield [value as FieldValue]
  }
}

function* joined(
  rows: Iterable<readonly number[]>,
  rests: Iterator<readonly number[]>,
): Generator<readonly FieldValue[]> {
  for (const values of rows) {
    const own: readonly number[] = rests.next().value ?? []
    expectFormat(own.length === values.length, 'a row has another number of values than of rests')
    yield values.map((double, at) => joinNumber({ double, rest: own[at]! }))
  }
}

const arrowTypes: Readonly<Record<FieldType, () => DataType>> = {
  keyword: () => new Utf8(),
  number: () => new Float64(),
  boolean: () => new Bool(),
  date: () => new TimestampMillisecond(),
}
