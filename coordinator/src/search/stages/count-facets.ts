import type { Facet } from '@hypershard/contract'
import { facetValuesMax } from '@hypershard/proto/limits'
import type { ValueCounts } from '@hypershard/proto/shard'
import { compareExactValues, type ExactValue, type Fields, type FieldType, joinNumber } from '@hypershard/storage'
import { fieldNamed, invalidAt } from '../field-named.ts'

/** A facet of a field that the index has. */
export interface CheckedFacet extends Facet {
  readonly type: FieldType
}

/** The most frequent values of a field among all documents that pass the filter. */
export interface FacetCounts {
  readonly field: string
  readonly type: FieldType
  readonly values: readonly { readonly value: ExactValue; readonly count: number }[]
  /** How many different values there are. */
  readonly distinct: number
}

/** @throws HypershardError `invalid_request` for a field that the index does not have */
export function readFacets(facets: readonly Facet[], fields: Fields): CheckedFacet[] {
  return facets.map((facet, at) => ({ ...facet, type: fieldNamed(facet.field, fields, `facets.${at}.field`).type }))
}

/**
 * The sums of what the shards counted. They are exact because no shard leaves a value out, however rare: of the most
 * frequent values of each shard alone, the sums could be anything. So every value must be sent, and there is a bound to
 * them, which holds for all shards together: whether it is passed does not depend on how many shards there are.
 * @param shards what each counted, a facet each
 * @throws HypershardError `invalid_request` for a field with more than `facetValuesMax` values
 */
export function mergeFacets(
  facets: readonly CheckedFacet[],
  shards: readonly (readonly ValueCounts[])[],
): FacetCounts[] {
  return facets.map(({ field, type, limit }, at) => {
    const sums = sumCounts(
      shards.map(counts => counts[at]!),
      { field, at },
    )
    const values = [...sums].map(([value, count]) => ({ value, count })).sort(compareCounts)
    return { field, type, values: values.slice(0, limit), distinct: values.length }
  })
}

function sumCounts(
  shards: readonly ValueCounts[],
  { field, at }: { readonly field: string; readonly at: number },
): Map<ExactValue, number> {
  const sums = new Map<ExactValue, number>()
  for (const counts of shards) {
    for (const [place, value] of exactValues(counts).entries()) {
      sums.set(value, (sums.get(value) ?? 0) + counts.counts[place]!)
    }
    if (counts.tooMany || sums.size > facetValuesMax) {
      const fault = `${JSON.stringify(field)} has more than ${facetValuesMax} different values among the documents that match`
      throw invalidAt(`facets.${at}.field`, `${fault}; let fewer through with a filter, or count another field`)
    }
  }
  return sums
}

function exactValues({ keywords, numbers, rests }: ValueCounts): ExactValue[] {
  return [...keywords, ...numbers.map((double, at) => joinNumber({ double, rest: rests[at] ?? 0 }))]
}

interface CountedValue {
  readonly value: ExactValue
  readonly count: number
}

function compareCounts(a: CountedValue, b: CountedValue): number {
  return b.count - a.count || compareExactValues(a.value, b.value)
}
