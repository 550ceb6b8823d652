import type { RequestContext } from '@hypershard/common'
import type { Coordinator } from '../coordinator.ts'
import type { CountAnswer, CountInput } from '../reading/count-documents.ts'
import { readFilter } from '../search/read-filter.ts'
import type { Caller } from './caller.ts'
import { coverageForTenant, roundedCoverage } from './search-as.ts'
import { joinFilters, tenancyOf, toldTo } from './tenant.ts'

/**
 * The count of a caller: of a tenant, among the tenant's documents alone.
 * @throws HypershardError `forbidden`, and what a count throws
 */
export function countAs(
  caller: Caller,
  input: CountInput,
  context: RequestContext,
  coordinator: Coordinator,
): Promise<CountAnswer> {
  return toldTo(caller, async () => {
    const fields = coordinator.fieldsOf(input.index)
    const own = tenancyOf(caller, input.index, fields)
    if (own === undefined) return coordinator.countDocuments(input, context)
    // Its faults are told by the place where the caller wrote them.
    if (input.filter !== undefined) readFilter(input.filter, coordinator.filterableOf(input.index))
    const ofTenant = {
      ...input,
      filter: joinFilters(own.filter, input.filter),
      minCoverage: roundedCoverage(input.minCoverage),
    }
    const answer = await coordinator.countDocuments(ofTenant, context)
    return { ...answer, coverage: coverageForTenant(answer.coverage) }
  })
}
