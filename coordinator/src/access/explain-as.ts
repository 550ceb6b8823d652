import { HypershardError, nothingScanned, type RequestContext } from '@hypershard/common'
import type { Explanation } from '../search/near/explain.ts'
import { readFilter } from '../search/read-filter.ts'
import type { SearchInput } from '../search/search-input.ts'
import type { Caller } from './caller.ts'
import { documentAs } from './documents-as.ts'
import { coverageForTenant, mayHaveScored, roundedCoverage, type SearchAccess, takeScoring } from './search-as.ts'
import { joinFilters, tenancyOf, toldTo } from './tenant.ts'

/**
 * How a document stands for a caller's search: within his limits, and of a tenant among the tenant's documents alone. To a
 * tenant, another's document does not exist.
 * @returns undefined for a document that was put and is not searchable
 * @throws HypershardError `document_not_found`, and as a search
 */
export async function explainAs(
  caller: Caller,
  { id, search }: { readonly id: string; readonly search: SearchInput },
  context: RequestContext,
  { coordinator, door }: SearchAccess,
): Promise<Explanation | undefined> {
  return toldTo(caller, async () => {
    const own = tenancyOf(caller, search.index, coordinator.fieldsOf(search.index))
    // Its faults are told by the place where the caller wrote them.
    if (search.filter !== undefined) readFilter(search.filter, coordinator.filterableOf(search.index))
    const within = own?.filter
    const joined =
      within === undefined
        ? search
        : {
            ...search,
            filter: joinFilters(within, search.filter),
            like: search.like && { ...search.like, within },
            composed: search.composed && { ...search.composed, within },
            minCoverage: roundedCoverage(search.minCoverage),
          }
    const settle = await takeScoring(caller, { ...joined, plan: 'exact' }, context, { coordinator, door })
    const input = { id, within, filter: search.filter, search: joined }
    const explanation = await coordinator.explain(input, context).catch(error => {
      if (error instanceof HypershardError && !mayHaveScored(error)) settle(nothingScanned)
      throw error
    })
    settle(explanation?.scanned ?? nothingScanned)
    if (explanation === undefined) {
      await documentAs(caller, { index: search.index, id }, context, coordinator)
      return undefined
    }
    return own === undefined ? explanation : { ...explanation, coverage: coverageForTenant(explanation.coverage) }
  })
}
