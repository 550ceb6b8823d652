import type { Filter, FilterGroup } from '@hypershard/proto/shard'
import { passesFilter } from '../../access/passes-filter.ts'
import type { Filterable } from '../read-filter.ts'

/** A part of a filter that a document does not pass. */
export interface FailingClause {
  /** Its place in the request, as messages have it: `filter.must.0`. */
  readonly path: string
  /** Of a condition: what it asks for. */
  readonly field: string | undefined
}

interface Passing {
  readonly filterable: Filterable
  readonly document: Parameters<typeof passesFilter>[2]
}

/**
 * Why a document does not pass a filter: the smallest parts that would have to be otherwise. Of a `should` of which nothing
 * passes, that is the `should`; of a `must_not`, the part that passes although it must not.
 */
export function failingClauses(filter: Filter, passing: Passing, path = 'filter'): FailingClause[] {
  if (passes(filter, passing)) return []
  const { kind } = filter
  if (kind?.$case === 'group') return failingInGroup(kind.value, passing, path)
  return [{ path, field: kind?.$case === 'condition' ? kind.value.field : undefined }]
}

function failingInGroup({ must, should, mustNot }: FilterGroup, passing: Passing, path: string): FailingClause[] {
  const failing = must.flatMap((part, at) => failingClauses(part, passing, `${path}.must.${at}`))
  if (should.length > 0 && !should.some(part => passes(part, passing))) {
    failing.push({ path: `${path}.should`, field: undefined })
  }
  for (const [at, part] of mustNot.entries()) {
    const field = part.kind?.$case === 'condition' ? part.kind.value.field : undefined
    if (passes(part, passing)) failing.push({ path: `${path}.must_not.${at}`, field })
  }
  return failing
}

function passes(filter: Filter, { filterable, document }: Passing): boolean {
  return passesFilter(filter, filterable, document)
}
