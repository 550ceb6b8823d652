import type { FieldDescriptions, FieldType } from '@hypershard/contract'
import { parseExact, printExact } from '../../api/parse-exact.ts'
import type { SearchFilter } from './lab-state.ts'
import { valuesIn } from './values-in.ts'

export const filterGroups = ['must', 'should', 'must_not'] as const

export type FilterGroup = (typeof filterGroups)[number]

export const filterOperators = ['equals', 'in', 'gte', 'lte', 'gt', 'lt', 'exists'] as const

export type FilterOperator = (typeof filterOperators)[number]

/** Chosen like a field: a condition on the words of a document, and not on a field of it. */
export const wordsField = '(words of the text)'

/** A condition as the form has it, complete or not. */
export interface FilterRow {
  readonly group: FilterGroup
  /** Or `wordsField`, whose operator does not count. */
  readonly field: string
  readonly operator: FilterOperator
  /** As it is typed. */
  readonly value: string
}

/** What can be asked of a field. */
export function operatorsOf(type: FieldType | undefined): readonly FilterOperator[] {
  if (type === 'keyword') return ['equals', 'in', 'exists']
  if (type === 'boolean') return ['equals', 'exists']
  return filterOperators
}

/** Why a row is no condition yet; undefined for one that is. */
export function faultOf({ field, operator, value }: FilterRow, fields: FieldDescriptions): string | undefined {
  if (field === '') return 'choose a field'
  if (value.trim() === '') return 'give a value'
  if (field === wordsField) return undefined
  const parts = operator === 'in' ? valuesIn(value) : [value]
  const type = operator === 'exists' ? 'boolean' : fields[field]?.type
  if (type === 'boolean' && parts.some(part => !/^(true|false)$/.test(part.trim()))) return 'true or false'
  if (type === 'number' && parts.some(part => !isNumber(part))) return 'a number'
  return undefined
}

/** The filter of all rows that are complete; undefined where there is none. */
export function filterOf(rows: readonly FilterRow[], fields: FieldDescriptions): SearchFilter | undefined {
  const complete = rows.filter(row => faultOf(row, fields) === undefined)
  const groups = filterGroups
    .map(group => [group, complete.filter(row => row.group === group).map(row => conditionOf(row, fields))] as const)
    .filter(([, conditions]) => conditions.length > 0)
  const [only] = groups
  // One condition that must hold is a filter by itself.
  if (groups.length === 1 && only?.[0] === 'must' && only[1].length === 1) return only[1][0]
  return groups.length === 0 ? undefined : Object.fromEntries(groups)
}

/** The rows that make this filter; undefined for one that no rows make, such as one with groups in groups. */
export function rowsOf(filter: SearchFilter | undefined): readonly FilterRow[] | undefined {
  if (filter === undefined) return []
  if ('field' in filter || 'words' in filter) return rowsOf({ must: [filter] })
  const rows: FilterRow[] = []
  for (const [group, given] of Object.entries(filter)) {
    if (!filterGroups.some(known => known === group)) return undefined
    for (const condition of Array.isArray(given) ? given : [given]) {
      const row = rowOf(group as FilterGroup, condition)
      if (row === undefined) return undefined
      rows.push(row)
    }
  }
  return rows
}

function rowOf(group: FilterGroup, condition: unknown): FilterRow | undefined {
  if (typeof condition !== 'object' || condition === null) return undefined
  const { field, ...rest } = condition as Readonly<Record<string, unknown>>
  const { words, ...others } = rest
  if (field === undefined && typeof words === 'string' && Object.keys(others).length === 0) {
    return { group, field: wordsField, operator: 'equals', value: words }
  }
  const [[operator, value] = [], more] = Object.entries(rest)
  if (typeof field !== 'string' || more !== undefined) return undefined
  if (operator === undefined || !filterOperators.some(known => known === operator)) return undefined
  const text = typeof value === 'string' ? value : printExact(value)
  return { group, field, operator: operator as FilterOperator, value: text }
}

function conditionOf({ field, operator, value }: FilterRow, fields: FieldDescriptions): SearchFilter {
  if (field === wordsField) return { words: value }
  if (operator === 'exists') return { field, exists: value.trim() === 'true' }
  const type = fields[field]?.type
  if (operator === 'in') return { field, in: valuesIn(value).map(part => typedValue(part, type)) }
  return { field, [operator]: typedValue(value, type) }
}

/** @param type undefined where the fields of the index may not be read: a number or a boolean is what looks like one */
function typedValue(text: string, type: FieldType | undefined): unknown {
  const bare = text.trim()
  if (type === 'keyword') return text
  if (type === 'date') return bare
  if (isNumber(bare)) return parseExact(bare)
  return /^(true|false)$/.test(bare) ? bare === 'true' : bare
}

function isNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text.trim())
}
