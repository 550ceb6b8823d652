/** Whether one document passes a filter: what shard servers find column by column, for a document that is at hand. */
import { parseExactJson } from '@hypershard/common'
import type { Condition, Filter, Range } from '@hypershard/proto/shard'
import {
  analyzeText,
  type Field,
  type Fields,
  readFieldValues,
  type SplitNumber,
  splitNumber,
} from '@hypershard/storage'
import type { Filterable } from '../search/read-filter.ts'

interface Document {
  /** The JSON text of an object, as it is stored. */
  readonly fields: string
  /** Needed where the filter has words. */
  readonly title?: string
  readonly text?: string
}

/** What a document is looked at for. */
interface Looked {
  readonly fields: Fields
  readonly given: Readonly<Record<string, unknown>>
  /** Of its title and its text. */
  readonly terms: readonly (readonly string[])[]
}

/** @param filter checked against the same */
export function passesFilter(filter: Filter, { fields = {}, lexical }: Filterable, document: Document): boolean {
  const given = parseExactJson(document.fields) as Readonly<Record<string, unknown>>
  const { title = '', text = '' } = document
  const terms = lexical && hasWords(filter) ? [title, text].map(part => analyzeText(part, lexical.analyzer)) : []
  return passes(filter, { fields, given, terms })
}

function hasWords({ kind }: Filter): boolean {
  if (kind?.$case !== 'group') return kind?.$case === 'phrase'
  const { must, should, mustNot } = kind.value
  return [...must, ...should, ...mustNot].some(hasWords)
}

function passes({ kind }: Filter, looked: Looked): boolean {
  // No request's filter is of ids.
  if (kind === undefined || kind.$case === 'ids') return false
  if (kind.$case === 'condition') return meets(kind.value, looked.fields, looked.given)
  if (kind.$case === 'phrase') return looked.terms.some(terms => hasPhrase(terms, kind.value.terms))
  const { must, should, mustNot } = kind.value
  const each = (part: Filter) => passes(part, looked)
  return must.every(each) && (should.length === 0 || should.some(each)) && !mustNot.some(each)
}

function hasPhrase(terms: readonly string[], phrase: readonly string[]): boolean {
  return terms.some((_, at) => phrase.every((term, offset) => terms[at + offset] === term))
}

function meets({ field: name, test }: Condition, fields: Fields, given: Readonly<Record<string, unknown>>): boolean {
  const field = Object.hasOwn(fields, name) ? fields[name]! : undefined
  if (field === undefined || test === undefined) return false
  const values = valuesOf(field, given, name)
  switch (test.$case) {
    case 'exists':
      return values.length > 0 === test.value
    case 'keywords':
      return values.some(value => typeof value === 'string' && test.value.values.includes(value))
    case 'numbers': {
      const { values: doubles, rests } = test.value
      const wanted = doubles.map((double, at) => ({ double, rest: rests[at] ?? 0 }))
      return numbersOf(values).some(value => wanted.some(one => compare(value, one) === 0))
    }
    case 'range':
      return numbersOf(values).some(value => isWithin(value, test.value))
  }
}

function valuesOf(field: Field, given: Readonly<Record<string, unknown>>, name: string) {
  const read = readFieldValues(field, given, name)
  return 'fault' in read ? [] : read.values
}

function numbersOf(values: ReturnType<typeof valuesOf>): SplitNumber[] {
  return values.flatMap(value => {
    if (typeof value === 'string') return []
    return [splitNumber(typeof value === 'bigint' ? value : Number(value))]
  })
}

function isWithin(value: SplitNumber, { gt, gte, lt, lte, gtRest, gteRest, ltRest, lteRest }: Range): boolean {
  return (
    (gt === undefined || compare(value, { double: gt, rest: gtRest }) > 0) &&
    (gte === undefined || compare(value, { double: gte, rest: gteRest }) >= 0) &&
    (lt === undefined || compare(value, { double: lt, rest: ltRest }) < 0) &&
    (lte === undefined || compare(value, { double: lte, rest: lteRest }) <= 0)
  )
}

function compare(one: SplitNumber, other: SplitNumber): number {
  if (one.double !== other.double) return one.double < other.double ? -1 : 1
  return one.rest - other.rest
}
