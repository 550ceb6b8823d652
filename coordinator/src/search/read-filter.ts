/** A search's filter as JSON has it, checked against the fields of the index. docs/api.md. */
import { filterConditionsMax } from '@hypershard/proto/limits'
import type { Condition, Filter, FilterGroup, Phrase, Range } from '@hypershard/proto/shard'
import {
  analyzeText,
  type Field,
  type FieldValue,
  type Manifest,
  readFieldValue,
  type SplitNumber,
  splitNumber,
} from '@hypershard/storage'
import { fieldNamed, invalidAt } from './field-named.ts'

export const filterDepthMax = 16
export const filterValuesMax = 1_024

const tooManyConditions = `one more than ${filterConditionsMax} conditions; a word counts as one`

const groupKeys = ['must', 'should', 'must_not'] as const
const rangeKeys = ['gt', 'gte', 'lt', 'lte'] as const
const testKeys = ['equals', 'in', 'exists', ...rangeKeys] as const

type Json = Readonly<Record<string, unknown>>

/** What of an index filters are made of: its fields, and how it keeps words. */
export type Filterable = Pick<Manifest, 'fields' | 'lexical'>

interface Reading extends Filterable {
  /** Words count as one each. */
  conditions: number
}

/**
 * @param value parsed by `parseExactJson`, so that integers are compared as they are written; a key that is null counts
 *   as left out
 * @throws HypershardError `invalid_request`, naming the place of the first fault
 */
export function readFilter(value: unknown, { fields, lexical }: Filterable): Filter {
  return readPart(value, 'filter', 1, { fields, lexical, conditions: 0 })
}

function readPart(value: unknown, path: string, depth: number, reading: Reading): Filter {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidAt(path, 'must be an object')
  if (depth > filterDepthMax) throw invalidAt(path, `is nested deeper than ${filterDepthMax}`)
  const part = withoutNulls(value as Json)
  if (Object.hasOwn(part, 'field')) return { kind: { $case: 'condition', value: readCondition(part, path, reading) } }
  if (Object.hasOwn(part, 'words')) return { kind: { $case: 'phrase', value: readPhrase(part, path, reading) } }
  return { kind: { $case: 'group', value: readGroup(part, path, depth, reading) } }
}

/** Words that stand one behind the other, as the index's analyzer makes them. */
function readPhrase({ words, ...others }: Json, path: string, reading: Reading): Phrase {
  const place = `${path}.words`
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalidAt(`${path}.${unknown}`, 'is not known beside `words`')
  if (typeof words !== 'string') throw invalidAt(place, 'must be a string')
  const { lexical } = reading
  if (lexical === undefined) throw invalidAt(place, 'no words are kept here; create the index with `lexical`')
  const terms = analyzeText(words, lexical.analyzer)
  if (terms.length === 0) throw invalidAt(place, 'has no word')
  reading.conditions += terms.length
  if (reading.conditions > filterConditionsMax) throw invalidAt(place, tooManyConditions)
  return { terms }
}

function readGroup(group: Json, path: string, depth: number, reading: Reading): FilterGroup {
  const keys = Object.keys(group)
  const unknown = keys.find(key => !groupKeys.some(known => known === key))
  const allowed = `must have \`field\` and a test, \`words\`, or some of ${groupKeys.join(', ')}`
  if (unknown !== undefined) throw invalidAt(`${path}.${unknown}`, `is not known; a filter ${allowed}`)
  if (keys.length === 0) throw invalidAt(path, `is empty; it ${allowed}`)
  const parts = (key: (typeof groupKeys)[number]): Filter[] => {
    const given = group[key]
    if (given === undefined) return []
    const list: readonly unknown[] = Array.isArray(given) ? given : [given]
    if (list.length > filterConditionsMax)
      throw invalidAt(`${path}.${key}`, `has more than ${filterConditionsMax} parts`)
    return list.map((one, at) => readPart(one, `${path}.${key}.${at}`, depth + 1, reading))
  }
  return { must: parts('must'), should: parts('should'), mustNot: parts('must_not') }
}

function readCondition(condition: Json, path: string, reading: Reading): Condition {
  if (++reading.conditions > filterConditionsMax) throw invalidAt(path, tooManyConditions)
  const { field: name, ...tests } = condition
  if (typeof name !== 'string') throw invalidAt(`${path}.field`, 'must be a string')
  const field = fieldNamed(name, reading.fields ?? {}, `${path}.field`)
  const keys = Object.keys(tests)
  const unknown = keys.find(key => !testKeys.some(known => known === key))
  if (unknown !== undefined)
    throw invalidAt(`${path}.${unknown}`, `is not known; a condition has ${testKeys.join(', ')}`)
  const isRange = keys.length > 0 && keys.every(key => rangeKeys.some(known => known === key))
  if (isRange) return { field: name, test: { $case: 'range', value: readRange(tests, field, path) } }
  if (keys.length !== 1)
    throw invalidAt(path, `must have one of equals, in, exists, or a range of ${rangeKeys.join(', ')}`)
  return { field: name, test: readTest(keys[0] as 'equals' | 'in' | 'exists', tests, field, path) }
}

function readTest(key: 'equals' | 'in' | 'exists', tests: Json, field: Field, path: string): Condition['test'] {
  const place = `${path}.${key}`
  const value = tests[key]
  if (key === 'exists') {
    if (typeof value !== 'boolean') throw invalidAt(place, 'must be true or false')
    return { $case: 'exists', value }
  }
  if (key === 'equals') return oneOf(field, [value], () => place)
  if (!Array.isArray(value)) throw invalidAt(place, 'must be an array')
  if (value.length < 1 || value.length > filterValuesMax) {
    throw invalidAt(place, `must have 1 to ${filterValuesMax} values, this has ${value.length}`)
  }
  return oneOf(field, value, at => `${place}.${at}`)
}

function oneOf({ type }: Field, given: readonly unknown[], placeOf: (at: number) => string): Condition['test'] {
  const values = given.map((value, at) => readValue(type, value, placeOf(at)))
  if (type === 'keyword') return { $case: 'keywords', value: { values: values.map(String) } }
  const numbers = values.map(splitValue)
  const rests = numbers.some(({ rest }) => rest !== 0) ? numbers.map(({ rest }) => rest) : []
  return { $case: 'numbers', value: { values: numbers.map(({ double }) => double), rests } }
}

function readRange(tests: Json, { type }: Field, path: string): Range {
  if (type !== 'number' && type !== 'date')
    throw invalidAt(path, `a range is of a number or a date, the field is a ${type}`)
  const bound = (key: (typeof rangeKeys)[number]): Partial<SplitNumber> =>
    tests[key] === undefined ? {} : splitValue(readValue(type, tests[key], `${path}.${key}`))
  const { double: gt, rest: gtRest = 0 } = bound('gt')
  const { double: gte, rest: gteRest = 0 } = bound('gte')
  const { double: lt, rest: ltRest = 0 } = bound('lt')
  const { double: lte, rest: lteRest = 0 } = bound('lte')
  return { gt, gte, lt, lte, gtRest, gteRest, ltRest, lteRest }
}

function splitValue(value: FieldValue): SplitNumber {
  return splitNumber(typeof value === 'bigint' ? value : Number(value))
}

function withoutNulls(part: Json): Json {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null))
}

function readValue(type: Field['type'], value: unknown, place: string) {
  const read = readFieldValue(type, value)
  if ('fault' in read) throw invalidAt(place, read.fault)
  return read.value
}
