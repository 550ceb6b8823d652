import { parseExactJson } from '@hypershard/common'
import type { ValueCounts } from '@hypershard/proto/shard'
import { type Fields, readFieldValues, splitNumber } from '@hypershard/storage'
import type { ExactValue } from '../search/stages/count-facets.ts'

/** A document's exact values of a field, each once, read from its JSON. */
export function exactValuesOf(name: string, fields: Fields, fieldsJson: string): ExactValue[] {
  const read = readFieldValues(fields[name]!, parseExactJson(fieldsJson || '{}') as Record<string, unknown>, name)
  const values = 'values' in read ? read.values : []
  return [...new Set(values.map(value => (typeof value === 'boolean' ? Number(value) : value)))]
}

/** The naive twin of what a shard server counts. @param documents the values of each */
export function countNaively(documents: readonly (readonly ExactValue[])[]): ValueCounts {
  const counted = [...Map.groupBy(documents.flat(), value => value)].map(([value, all]) => [value, all.length] as const)
  const numbers = counted.flatMap(([value]) => (typeof value === 'string' ? [] : splitNumber(value)))
  return {
    keywords: counted.flatMap(([value]) => (typeof value === 'string' ? value : [])),
    numbers: numbers.map(({ double }) => double),
    rests: numbers.map(({ rest }) => rest),
    counts: counted.map(([, count]) => count),
    tooMany: false,
  }
}
