import { HypershardError } from '@hypershard/common'
import {
  type SearchOptions,
  type SearchPlanName,
  type SearchRequest,
  type SettledSearchOptions,
  searchDefaults,
  searchRequestSchema,
} from '@hypershard/contract'
import type { z } from 'zod'

/** A search whose every value has been checked. */
export interface SearchInput extends SettledSearchOptions {
  readonly index: string
  /** Another generation than the one that the name stands for. */
  readonly generation: number | undefined
  readonly query: string
  readonly k: number
  readonly cursor: string | undefined
  /** 0 to 1 */
  readonly minCoverage: number
  readonly profile: boolean
  /** Whether an answer that was kept will do. */
  readonly cache: boolean
  readonly idsOnly: boolean
  /** The answer sees everything up to this entry of the write log; 0 for whatever is there. */
  readonly minSequence: number
}

/** Its time limit is the request's that it came with: of a batch, it has none of its own. */
type CheckedRequest = Omit<z.output<typeof searchRequestSchema>, 'timeout_ms'> & { readonly timeout_ms?: number }

/** @throws HypershardError `invalid_request` for options that do not go together */
export function toSearchInput(index: string, request: CheckedRequest): SearchInput {
  const { query, k, cursor, generation, profile, cache, timeout_ms: _, ...others } = request
  const { min_coverage: minCoverage, ids_only: idsOnly, min_sequence: minSequence, ...options } = others
  const what = { index, query, k, cursor, generation, profile, cache, minCoverage, idsOnly, minSequence }
  return { ...what, ...settle(options) }
}

/** The search of a part of this program that says no more than this; the rest is as in a request that leaves it out. */
export function searchInputOf(index: string, { query, ...said }: SearchRequest): SearchInput {
  return toSearchInput(index, { query, ...withoutQuery.parse(said) })
}

/** A query that was made of a document was never a user's, and need not look like one. */
const withoutQuery = searchRequestSchema.omit({ query: true })

function settle(options: SearchOptions): SettledSearchOptions {
  return { ...options, plan: planOf(options), recall: options.recall ?? searchDefaults.recall }
}

/** @throws HypershardError `invalid_request` for a recall beside a plan that cannot be told one */
function planOf({ plan, recall }: SearchOptions): SearchPlanName {
  if (recall === undefined) return plan ?? searchDefaults.plan
  if (plan === undefined || plan === 'auto') return 'auto'
  throw new HypershardError(
    'invalid_request',
    `recall: belongs to the plan auto, not to ${plan}; leave one of them out`,
  )
}
