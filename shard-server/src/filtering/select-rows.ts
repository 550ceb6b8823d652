/** Which rows of a segment pass a filter. */
import { HypershardError } from '@hypershard/common'
import { filterConditionsMax } from '@hypershard/proto/limits'
import type { Condition, Filter, FilterGroup, Numbers, Phrase, Range } from '@hypershard/proto/shard'
import type { FilterColumn, FilterColumns } from '@hypershard/storage'
import { type Bitmap, createBitmap, type LexicalIndex, setBit } from '@hypershard/storage/rows'
import { selectPhrase } from './select-phrase.ts'

/** What filters look at of a segment. */
export interface FilteredSegment {
  readonly columns: FilterColumns
  readonly rows: number
  /** Undefined of an index that keeps no words. */
  readonly words?: LexicalIndex | undefined
}

/**
 * One pass over a column a condition, and over the postings of its terms a phrase; a group joins the bitmaps of its parts.
 * @throws HypershardError `invalid_request` for a field that the segment does not have, a test that is not of its type, or
 *   words where none are kept
 */
export function selectRows(filter: Filter, segment: FilteredSegment): Bitmap {
  switch (filter.kind?.$case) {
    case 'condition':
      return selectByCondition(filter.kind.value, segment)
    case 'group':
      return selectByGroup(filter.kind.value, segment)
    case 'phrase':
      return selectByPhrase(filter.kind.value, segment)
    default:
      throw new HypershardError(
        'invalid_request',
        'filter: neither a condition, a phrase nor a group; ids are a whole filter',
      )
  }
}

function selectByPhrase({ terms }: Phrase, { words }: FilteredSegment): Bitmap {
  if (terms.length < 1 || terms.length > filterConditionsMax) {
    const message = `filter: a phrase has 1 to ${filterConditionsMax} terms, this one ${terms.length}`
    throw new HypershardError('invalid_request', message)
  }
  if (words === undefined) throw new HypershardError('invalid_request', 'filter: the index keeps no words')
  return selectPhrase(terms, words)
}

function selectByGroup({ must, should, mustNot }: FilterGroup, segment: FilteredSegment): Bitmap {
  const { rows } = segment
  const selected = allRows(rows)
  for (const part of must) intersect(selected, selectRows(part, segment))
  if (should.length > 0) {
    const some = createBitmap(rows)
    for (const part of should) unite(some, selectRows(part, segment))
    intersect(selected, some)
  }
  for (const part of mustNot) subtract(selected, selectRows(part, segment))
  return selected
}

function selectByCondition({ field, test }: Condition, { columns, rows }: FilteredSegment): Bitmap {
  const column = columnOf(columns, field)
  switch (test?.$case) {
    case 'exists':
      return selectExisting(column, rows, test.value)
    case 'keywords':
      return selectValues(column, rows, placesOf(field, column, test.value.values))
    case 'numbers':
      requireNumbers(field, column)
      return selectNumbers(column, rows, test.value)
    case 'range':
      requireNumbers(field, column)
      return selectRange(column, rows, test.value)
    default:
      throw invalid(field, 'no test is given')
  }
}

/** @throws HypershardError `invalid_request` for a field that the segment does not have */
export function columnOf(columns: FilterColumns, field: string): FilterColumn {
  if (Object.hasOwn(columns, field)) return columns[field]!
  throw invalid(field, 'the index has no such field')
}

function selectExisting({ offsets }: FilterColumn, rows: number, exists: boolean): Bitmap {
  const selected = createBitmap(rows)
  for (let row = 0; row < rows; row++) if (offsets[row + 1]! > offsets[row]! === exists) setBit(selected, row)
  return selected
}

function selectValues(
  { values, ...column }: Pick<FilterColumn, 'offsets' | 'values'>,
  rows: number,
  wanted: ReadonlySet<number>,
): Bitmap {
  return wanted.size === 0 ? createBitmap(rows) : selectWhere(column, rows, at => wanted.has(values[at]!))
}

/** A number is its double and its rest: both must be those of one that is wanted. */
function selectNumbers({ rests, ...column }: FilterColumn, rows: number, { values, rests: given }: Numbers): Bitmap {
  const restsByDouble = new Map<number, Set<number>>()
  for (const [at, double] of values.entries()) {
    const known = restsByDouble.get(double) ?? new Set()
    restsByDouble.set(double, known.add(given[at] ?? 0))
  }
  if (rests === undefined) {
    return selectValues(
      column,
      rows,
      new Set([...restsByDouble].flatMap(([double, own]) => (own.has(0) ? [double] : []))),
    )
  }
  return selectWhere(column, rows, at => restsByDouble.get(column.values[at]!)?.has(rests[at]!) === true)
}

/** Numbers are ordered by their double, then by their rest. Rests are whole, so that > is >= of the next one. */
function selectRange({ rests, ...column }: FilterColumn, rows: number, range: Range): Bitmap {
  const lows = [boundOf(range.gte, range.gteRest, -Infinity), boundOf(range.gt, range.gtRest + 1, -Infinity)]
  const highs = [boundOf(range.lte, range.lteRest, Infinity), boundOf(range.lt, range.ltRest - 1, Infinity)]
  const low = lows.sort(compareBounds).at(-1)!
  const high = highs.sort(compareBounds)[0]!
  return selectWhere(column, rows, at => {
    const double = column.values[at]!
    const rest = rests === undefined ? 0 : rests[at]!
    const isAbove = double > low.double || (double === low.double && rest >= low.rest)
    return isAbove && (double < high.double || (double === high.double && rest <= high.rest))
  })
}

interface Bound {
  readonly double: number
  readonly rest: number
}

function boundOf(double: number | undefined, rest: number, without: number): Bound {
  return double === undefined ? { double: without, rest: 0 } : { double, rest }
}

function compareBounds(one: Bound, other: Bound): number {
  if (one.double !== other.double) return one.double < other.double ? -1 : 1
  return one.rest - other.rest
}

/** Rows of which one value at least passes. */
function selectWhere(
  { offsets }: Pick<FilterColumn, 'offsets'>,
  rows: number,
  passes: (at: number) => boolean,
): Bitmap {
  const selected = createBitmap(rows)
  for (let row = 0; row < rows; row++) {
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
      if (!passes(at)) continue
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
  return new HypershardError('invalid_request', `field ${JSON.stringify(field)}: ${fault}`)
}
