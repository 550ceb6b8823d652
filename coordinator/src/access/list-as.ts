import type { RequestContext } from '@hypershard/common'
import type { Coordinator } from '../coordinator.ts'
import type { ListAnswer, ListInput } from '../reading/list-documents.ts'
import { readFilter } from '../search/read-filter.ts'
import type { Caller } from './caller.ts'
import { joinFilters, tenancyOf, toldTo } from './tenant.ts'

/**
 * The listing of a caller: of a tenant, the tenant's documents alone. A cursor belongs to the joined filter, so that no other
 * key can turn its pages.
 * @throws HypershardError `forbidden`, and what a listing throws
 */
export function listAs(
  caller: Caller,
  input: ListInput,
  context: RequestContext,
  coordinator: Coordinator,
): Promise<ListAnswer> {
  return toldTo(caller, async () => {
    const fields = coordinator.fieldsOf(input.index)
    const own = tenancyOf(caller, input.index, fields)
    if (own === undefined) return coordinator.listDocuments(input, context)
    // Its faults are told by the place where the caller wrote them.
    if (input.filter !== undefined) readFilter(input.filter, coordinator.filterableOf(input.index))
    return coordinator.listDocuments({ ...input, filter: joinFilters(own.filter, input.filter) }, context)
  })
}
