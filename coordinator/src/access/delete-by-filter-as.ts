import type { RequestContext } from '@hypershard/common'
import { readFilter } from '../search/read-filter.ts'
import type { DeleteByFilterInput, DeleteByFilterReport } from '../writing/delete-by-filter.ts'
import type { Caller } from './caller.ts'
import type { WriteAccess } from './documents-as.ts'
import { joinFilters, problemForTenant, tenancyOf, toldTo } from './tenant.ts'

/**
 * The deletion of a caller, which is noted before it begins and before it is answered: of a tenant, among the tenant's documents
 * alone. They are those that pass at the version that is looked at; one that has become another's since was written since, and
 * stays.
 * @throws HypershardError `forbidden`, and what a deletion throws
 */
export function deleteByFilterAs(
  caller: Caller,
  input: DeleteByFilterInput,
  context: RequestContext,
  { coordinator, audited }: WriteAccess,
): Promise<DeleteByFilterReport> {
  const countsOf = ({ deleted, sequence }: DeleteByFilterReport) => ({ accepted: deleted ?? 0, failed: 0, sequence })
  const work = async (): Promise<DeleteByFilterReport> => {
    const fields = coordinator.fieldsOf(input.index)
    // Its faults are told by the place where the caller wrote them.
    readFilter(input.filter, coordinator.filterableOf(input.index))
    const own = tenancyOf(caller, input.index, fields)
    if (own === undefined) return coordinator.deleteByFilter(input, context)
    const ofTenant = { ...input, filter: joinFilters(own.filter, input.filter) }
    const report = await coordinator.deleteByFilter(ofTenant, context)
    return { ...report, problem: report.problem && problemForTenant(report.problem) }
  }
  return toldTo(caller, () => audited.run(work, countsOf))
}
