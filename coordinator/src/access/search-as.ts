import { HypershardError, nothingScanned, type RequestContext } from '@hypershard/common'
import type { Coordinator } from '../coordinator.ts'
import type { Coverage } from '../search/coverage.ts'
import { readFilter } from '../search/read-filter.ts'
import type { ScoringCost } from '../search/scoring-cost.ts'
import type { RerankOutcome, SearchAnswer } from '../search/search-answer.ts'
import type { SearchInput } from '../search/search-input.ts'
import { type Caller, nameOf } from './caller.ts'
import type { Door } from './door.ts'
import { joinFilters, tenancyOf, toldTo } from './tenant.ts'

export interface SearchAccess {
  readonly coordinator: Coordinator
  readonly door: Door
}

const flopsOfGigaflop = 1e9

/**
 * The search of a caller: within his limits, and of a tenant among the tenant's documents alone.
 * @throws HypershardError `forbidden`, `rate_limited`, and what a search throws
 */
export async function searchAs(
  caller: Caller,
  input: SearchInput,
  context: RequestContext,
  { coordinator, door }: SearchAccess,
): Promise<SearchAnswer> {
  return toldTo(caller, async () => {
    const settle = await takeScoring(caller, input, context, { coordinator, door })
    const answer = await searchWithin(caller, input, context, coordinator).catch(error => {
      // What was not begun costs nothing; of what broke off nobody knows what it has cost.
      if (error instanceof HypershardError && !mayHaveScored(error)) settle(nothingScanned)
      throw error
    })
    if (answer.cached) settle(nothingScanned)
    else settle(answer.coverage, { pairs: answer.rerank?.scored, pieces: answer.interpretation?.any.length })
    return answer
  })
}

/** Takes what a search is expected to cost. @returns which is told what was looked at */
export async function takeScoring(
  caller: Caller,
  input: SearchInput,
  context: RequestContext,
  { coordinator, door }: SearchAccess,
): Promise<(...found: Parameters<ScoringCost['of']>) => void> {
  const key = door.keyOf(caller)
  if (key?.limits?.gigaflops_per_second === undefined) return () => undefined
  const cost = await coordinator.scoringCost(input, context)
  const expected = caller.filter === undefined ? cost.expected : coarse(cost.expected)
  const settle = door.limits.takeScoring(key, expected / flopsOfGigaflop)
  return (...found) => settle(cost.of(...found) / flopsOfGigaflop)
}

/** What a tenant's limits show of the work on all documents tells no more than their order of magnitude. */
function coarse(flops: number): number {
  return flops === 0 ? 0 : 2 ** Math.ceil(Math.log2(flops))
}

export function mayHaveScored({ code }: HypershardError): boolean {
  return code === 'deadline_exceeded' || code === 'cancelled' || code === 'insufficient_coverage'
}

async function searchWithin(
  caller: Caller,
  input: SearchInput,
  context: RequestContext,
  coordinator: Coordinator,
): Promise<SearchAnswer> {
  if (caller.filter === undefined) return coordinator.search(input, context)
  const fields = coordinator.fieldsOf(input.index)
  const own = tenancyOf(caller, input.index, fields)!
  if (input.profile) {
    const message = `${nameOf(caller)} may not ask for a profile: it tells of the work on all documents`
    throw new HypershardError('forbidden', message)
  }
  if (input.interpret) {
    const message = `interpret: ${nameOf(caller)} has a filter, and may not compose queries: what leaves score tells of all documents`
    throw new HypershardError('forbidden', message, { details: { path: 'interpret' } })
  }
  // Its faults are told by the place where the caller wrote them.
  if (input.filter !== undefined) readFilter(input.filter, coordinator.filterableOf(input.index))
  const minCoverage = roundedCoverage(input.minCoverage)
  const filter = joinFilters(own.filter, input.filter)
  const like = input.like && { ...input.like, within: own.filter }
  const composed = input.composed && { ...input.composed, within: own.filter }
  // How many of all documents have a word is nothing that a tenant may learn from scores.
  const words = input.hybrid && { wordsFilter: own.filter }
  const answer = await coordinator.search({ ...input, ...words, filter, like, composed, minCoverage }, context)
  const rerank = answer.rerank && rerankForTenant(answer.rerank)
  return { ...answer, coverage: coverageForTenant(answer.coverage), rerank }
}

/** What failed is told, and not where: its words name servers. */
function rerankForTenant({ code, message, ...outcome }: RerankOutcome): RerankOutcome {
  return code === undefined ? { ...outcome, message } : { ...outcome, code, message: 'the hits were not reranked' }
}

/** Shares are told to tenants in hundredths: of an exact one, the number of all documents could be computed. */
const shareSteps = 100

/** As a tenant may ask for it: no less than he asked. */
export function roundedCoverage(minCoverage: number): number {
  return Math.ceil(minCoverage * shareSteps) / shareSteps
}

/**
 * What a tenant is told: eligible are the documents that are its own. How many of those a shard has that was not searched
 * is not known, and the shard's own words count all.
 */
export function coverageForTenant(coverage: Coverage): Coverage {
  const missing = coverage.missing.map(({ shard, code }) => ({
    shard,
    server: '',
    code,
    message: 'this shard was not searched whole',
    documentsMissing: 0,
  }))
  const ratio = Math.floor(coverage.ratio * shareSteps) / shareSteps
  return { ...coverage, documentsEligible: coverage.documentsMatched, ratio, missing }
}
