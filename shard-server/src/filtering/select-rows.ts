/** Which rows of a segment pass a filter. */
import { HypershardError } from '@hypershard/common'
import type { Condition, Filter, FilterGroup, Range } from '@hypershard/proto/shard'
import { type Bitmap, createBitmap, type FilterColumn, type FilterColumns, setBit } from '@hypershard/storage'

/**
 * One pass over a column a condition; a group joins the bitmaps of its parts.
 * @throws HypershardError `invalid_request` for a field that the segment does not have, or a test that is not of its type
 */
export function selectRows(filter: Filter, columns: FilterColumns, rows: number): Bitmap {
  switch (filter.kind?.$case) {
    case 'condition':
      return selectByCondition(filter.kind.value, columns, rows)
    case 'group':
      return selectByGroup(filter.kind.value, columns, rows)
    default:
      throw new HypershardError('invalid_request', 'filter: neither a condition nor a group')
  }
}

function selectByGroup({ must, should, mustNot }: FilterGroup, columns: FilterColumns, rows: number): Bitmap {
  const selected = allRows(rows)
  for (const part of must) intersect(selected, selectRows(part, columns, rows))
  if (should.length > 0) {
    const some = createBitmap(rows)
    for (const part of should) unite(some, selectRows(part, columns, rows))
    intersect(selected, some)
  }
  for (const part of mustNot) subtract(selected, selectRows(part, columns, rows))
  return selected
}

function selectByCondition({ field, test }: Condition, columns: FilterColumns, rows: number): Bitmap {
  const column = Object.hasOwn(columns, field) ? columns[field]! : undefined
  if (column === undefined) throw invalid(field, 'the index has no such field')
  switch (test?.$case) {
    case 'exists':
      return selectExisting(column, rows, test.value)
    case 'keywords':
      return selectValues(column, rows, placesOf(field, column, test.value.values))
    case 'numbers':
      requireNumbers(field, column)
      return selectValues(column, rows, new Set(test.value.values))
    case 'range':
      requireNumbers(field, column)
      return selectRange(column, rows, test.value)
    default:
      throw invalid(field, 'no test is given')
  }
}

function selectExisting({ offsets }: FilterColumn, rows: number, exists: boolean): Bitmap {
  const selected = createBitmap(rows)
  for (let row = 0; row < rows; row++) if (offsets[row + 1]! > offsets[row]! === exists) setBit(selected, row)
  return selected
}

function selectValues({ offsets, values }: FilterColumn, rows: number, wanted: ReadonlySet<number>): Bitmap {
  const selected = createBitmap(rows)
  if (wanted.size === 0) return selected
  for (let row = 0; row < rows; row++) {
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
      if (!wanted.has(values[at]!)) continue
      setBit(selected, row)
      break
    }
  }
  return selected
}

function selectRange({ offsets, values }: FilterColumn, rows: number, range: Range): Bitmap {
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range
  const selected = createBitmap(rows)
  for (let row = 0; row < rows; row++) {
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
      const value = values[at]!
      if (!(value > gt && value >= gte && value < lt && value <= lte)) continue
      setBit(selected, row)
      break
    }
  }
  return selected
}

/** Where the terms stand in the segment's own list; those that no document has are left out. */
function placesOf(field: string, { type, terms }: FilterColumn, keywords: readonly string[]): Set<number> {
  if (type !== 'keyword') throw invalid(field, `keywords are asked of a field of type ${type}`)
  const wanted = new Set(keywords)
  const places = new Set<number>()
  for (const [place, term] of terms.entries()) if (wanted.has(term)) places.add(place)
  return places
}

function requireNumbers(field: string, { type }: FilterColumn): void {
  if (type === 'keyword') throw invalid(field, 'numbers are asked of a field of type keyword')
}

function allRows(rows: number): Bitmap {
  const all = createBitmap(rows).fill(0xff)
  if (rows % 8 !== 0) all[all.length - 1] = (1 << (rows % 8)) - 1
  return all
}

function intersect(bitmap: Bitmap, other: Bitmap): void {
  for (let at = 0; at < bitmap.length; at++) bitmap[at]! &= other[at]!
}

function unite(bitmap: Bitmap, other: Bitmap): void {
  for (let at = 0; at < bitmap.length; at++) bitmap[at]! |= other[at]!
}

function subtract(bitmap: Bitmap, other: Bitmap): void {
  for (let at = 0; at < bitmap.length; at++) bitmap[at]! &= ~other[at]!
}

function invalid(field: string, fault: string): HypershardError {
  return new HypershardError('invalid_request', `filter: field ${JSON.stringify(field)}: ${fault}`)
}
