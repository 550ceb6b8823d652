/** How many documents have each value of a field: a facet's part of a shard. */
import { facetValuesMax } from '@hypershard/proto/limits'
import type { ValueCounts } from '@hypershard/proto/shard'
import type { FilterColumn } from '@hypershard/storage'
import { type Bitmap, type ExactValue, hasBit, joinNumber, splitNumber } from '@hypershard/storage/rows'

/** The values of one field in a segment, and its rows that do not count. */
export interface RowsToCount {
  readonly column: FilterColumn
  readonly rows: number
  readonly excluded: Bitmap | undefined
}

type Counts = Map<ExactValue, number>

/**
 * Counts documents, not values: one that has a value twice counts once.
 * @returns in no order; `tooMany` and nothing else where there are more than `facetValuesMax` values
 */
export function countValues(segments: readonly RowsToCount[], valuesMax = facetValuesMax): ValueCounts {
  const counts: Counts = new Map()
  for (const segment of segments) {
    countColumn(segment, counts)
    if (counts.size > valuesMax) return { ...noCounts(), tooMany: true }
  }
  return toMessage(counts)
}

function noCounts(): ValueCounts {
  return { keywords: [], numbers: [], rests: [], counts: [], tooMany: false }
}

/** One pass over a segment's rows: by place in its list of terms, or by number, and only then by value. */
function countColumn({ column, rows, excluded }: RowsToCount, counts: Counts): void {
  const { offsets, values, rests, terms } = column
  const own = new Map<number | bigint, { documents: number; lastRow: number }>()
  for (let row = 0; row < rows; row++) {
    if (excluded !== undefined && hasBit(excluded, row)) continue
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
      const value = rests === undefined ? values[at]! : joinNumber({ double: values[at]!, rest: rests[at]! })
      const known = own.get(value)
      if (known === undefined) own.set(value, { documents: 1, lastRow: row })
      else if (known.lastRow !== row) {
        known.documents++
        known.lastRow = row
      }
    }
  }
  for (const [value, { documents }] of own) {
    const exact = column.type === 'keyword' ? terms[Number(value)]! : value
    counts.set(exact, (counts.get(exact) ?? 0) + documents)
  }
}

function toMessage(counts: Counts): ValueCounts {
  const message = noCounts()
  const hasRests = [...counts.keys()].some(value => typeof value === 'bigint')
  for (const [value, documents] of counts) {
    message.counts.push(documents)
    if (typeof value === 'string') message.keywords.push(value)
    else {
      const { double, rest } = splitNumber(value)
      message.numbers.push(double)
      if (hasRests) message.rests.push(rest)
    }
  }
  return message
}
