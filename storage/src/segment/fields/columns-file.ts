/**
 * `columns.arrow`: the values that filters ask for, one column a field, in row order. A document without a value has null.
 * docs/formats/segment.md.
 */

import { parseExactJson } from '@hypershard/common'
import type { Fields, FieldType } from '@hypershard/contract'
import type { ObjectStore } from '../../store/object-store.ts'
import { decodeColumns, encodeColumns } from '../formats/arrow-columns.ts'
import { decodeFile, readWholeFile, type SealedFile } from '../verified-file.ts'
import { type FieldValue, readFieldValues } from './field-types.ts'
import { splitNumber } from './read-number.ts'

/**
 * A segment's values of one field: those of row r are `values[offsets[r] .. offsets[r + 1]]`. A keyword's are places in
 * `terms`, a boolean's 0 or 1, a date's milliseconds since the epoch. In memory that threads can share.
 */
export interface FilterColumn {
  readonly type: FieldType
  readonly offsets: Int32Array<SharedArrayBuffer>
  readonly values: Float64Array<SharedArrayBuffer> | Int32Array<SharedArrayBuffer>
  /** Of numbers: what each of `values` lacks to the exact integer. Only where any lacks something. */
  readonly rests?: Int16Array<SharedArrayBuffer>
  /** Of a keyword: each term once. */
  readonly terms: readonly string[]
}

/** By field. */
export type FilterColumns = Readonly<Record<string, FilterColumn>>

/** Collects the columns of a segment's documents. */
export class ColumnsEncoder {
  readonly #fields: Fields
  /** By field: the values of each row. */
  readonly #rows: Readonly<Record<string, (readonly FieldValue[])[]>>

  constructor(fields: Fields) {
    this.#fields = fields
    this.#rows = Object.fromEntries(Object.keys(fields).map(name => [name, []]))
  }

  /** @param json the JSON text of a document's other keys; a value that is none of its field's counts as missing */
  append(json: string): void {
    const fields = Object.entries(this.#fields)
    if (fields.length === 0) return
    const given = parseExactJson(json) as Record<string, unknown>
    for (const [name, field] of fields) {
      const read = readFieldValues(field, given, name)
      this.#rows[name]!.push('values' in read ? read.values : [])
    }
  }

  encode(): Uint8Array {
    return encodeColumns(this.#fields, this.#rows)
  }
}

/** @throws HypershardError `corrupt_data` */
export async function readColumns(
  store: ObjectStore,
  file: SealedFile,
  fields: Fields,
  documents: number,
): Promise<FilterColumns> {
  const bytes = await readWholeFile(store, file)
  return decodeFile(file, () =>
    Object.fromEntries(
      Object.entries(decodeColumns(bytes, fields, documents)).map(([name, rows]) => [
        name,
        toFilterColumn(fields[name]!.type, rows, documents),
      ]),
    ),
  )
}

function toFilterColumn(type: FieldType, rows: Iterable<readonly FieldValue[]>, documents: number): FilterColumn {
  const offsets = new Int32Array(new SharedArrayBuffer((documents + 1) * Int32Array.BYTES_PER_ELEMENT))
  const places = new Map<string, number>()
  const placeOf = (term: string) => {
    const place = places.get(term) ?? places.size
    places.set(term, place)
    return place
  }
  const values: number[] = []
  /** By place in `values`, those that are not 0. */
  const rests = new Map<number, number>()
  let row = 0
  for (const own of rows) {
    for (const value of own) {
      if (typeof value === 'bigint') rests.set(values.length, splitNumber(value).rest)
      values.push(typeof value === 'string' ? placeOf(value) : Number(value))
    }
    offsets[++row] = values.length
  }
  const column = { type, offsets, values: shareValues(type, values), terms: [...places.keys()] }
  return rests.size === 0 ? column : { ...column, rests: shareRests(rests, values.length) }
}

function shareRests(rests: ReadonlyMap<number, number>, values: number): Int16Array<SharedArrayBuffer> {
  const shared = new Int16Array(new SharedArrayBuffer(values * Int16Array.BYTES_PER_ELEMENT))
  for (const [at, rest] of rests) shared[at] = rest
  return shared
}

function shareValues(type: FieldType, values: readonly number[]): FilterColumn['values'] {
  const bytes = values.length * (type === 'keyword' ? Int32Array : Float64Array).BYTES_PER_ELEMENT
  const buffer = new SharedArrayBuffer(bytes)
  const shared = type === 'keyword' ? new Int32Array(buffer) : new Float64Array(buffer)
  shared.set(values)
  return shared
}
