import { printExact } from '../../api/parse-exact.ts'
import type { SearchFilter } from './lab-state.ts'

/** A condition that a filter has beside others, all of which must hold. */
type Condition = { readonly field: string; readonly equals: string | number | boolean }

/** The filter with this condition beside all that it asks for; without it where it is there already. */
export function toggleCondition(filter: SearchFilter | undefined, condition: Condition): SearchFilter | undefined {
  const { must, ...others } = groupsOf(filter)
  const rest = must.filter(one => !isSame(one, condition))
  const next = rest.length === must.length ? [...must, condition] : rest
  if (Object.keys(others).length > 0) return { ...others, ...(next.length > 0 && { must: next }) } as SearchFilter
  return next.length > 1 ? ({ must: next } as SearchFilter) : (next[0] as SearchFilter | undefined)
}

export function hasCondition(filter: SearchFilter | undefined, condition: Condition): boolean {
  return groupsOf(filter).must.some(one => isSame(one, condition))
}

/** The groups of a filter; of one condition alone, that it must hold. */
function groupsOf(filter: SearchFilter | undefined): {
  readonly must: readonly unknown[]
  readonly [group: string]: unknown
} {
  if (filter === undefined) return { must: [] }
  if ('field' in filter || 'words' in filter) return { must: [filter] }
  const { must = [] } = filter as { readonly must?: unknown }
  return { ...filter, must: Array.isArray(must) ? must : [must] }
}

function isSame(one: unknown, condition: Condition): boolean {
  if (typeof one !== 'object' || one === null) return false
  const { field, equals, ...others } = one as Readonly<Record<string, unknown>>
  return (
    field === condition.field && Object.keys(others).length === 0 && printExact(equals) === printExact(condition.equals)
  )
}
