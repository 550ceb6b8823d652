import { HypershardError } from '@hypershard/common'
import {
  candidatesAskedMax,
  expansionMax,
  hasMoreCharacters,
  hitsMax,
  queryCharactersMax,
  timeoutMsMax,
} from '@hypershard/proto/limits'
import { z } from 'zod'
import type { SearchInput } from '../search/search.ts'

export const candidatesDefault = 200
export const expansionDefault = 256
export const recallDefault = 0.95
export const timeoutMsDefault = 10_000

/** A cursor holds an id of at most 512 bytes, escaped as JSON and then as base64url. */
const cursorCharactersMax = 8_192

const queryText = z
  .string()
  .min(1, 'must not be empty')
  .refine(text => text.isWellFormed(), 'has half of a surrogate pair; send well-formed Unicode')
  .refine(text => text.trim() !== '', 'must not be blank')
  .refine(text => !hasMoreCharacters(text, queryCharactersMax), `must be at most ${queryCharactersMax} characters`)
  .meta({ maxLength: queryCharactersMax, description: 'What to search for.' })

export const searchRequestSchema = z.strictObject({
  query: queryText,
  k: z.int().min(1).max(hitsMax).default(10).describe('How many hits a page.'),
  cursor: z
    .string()
    .min(1)
    .max(cursorCharactersMax)
    .optional()
    .describe('`next_cursor` of the answer before: the page after it, of the same manifest version.'),
  min_coverage: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('The share of the eligible documents that must have been searched; below it the answer is a 503.'),
  timeout_ms: z.int().min(1).max(timeoutMsMax).default(timeoutMsDefault).describe('For everything together.'),
  profile: z.boolean().default(false).describe('Tell where the time went.'),
  ids_only: z.boolean().default(false).describe('Leave title, text and fields out of the hits.'),
  generation: z.int().min(1).optional().describe('Search this generation; load it first with …/compare.'),
  min_sequence: z
    .int()
    .min(0)
    .default(0)
    .describe('`sequence` of a write: the search waits until it sees that write, inside its time limit.'),
  plan: z
    .enum(['exact', 'tangent', 'graph', 'auto'])
    .optional()
    .describe(
      'exact: every document is scored. tangent: every one is ranked by a tangent of the q-net, the best are scored. ' +
        'graph: the tangent leads walks of neighbour graphs. auto: the cheapest that is known to find `recall`. ' +
        'exact when not given, auto with `recall`.',
    ),
  recall: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(`With \`auto\`: of the hits of the exact plan, the share to find; ${recallDefault} when not given.`),
  candidates: z
    .int()
    .min(1)
    .max(candidatesAskedMax)
    .default(candidatesDefault)
    .describe('With `tangent` and `graph`: how many documents of a shard are scored; never fewer than a page has.'),
  expansion: z
    .int()
    .min(1)
    .max(expansionMax)
    .default(expansionDefault)
    .describe('With `graph`: rows kept in a walk of a segment; never fewer than a page has.'),
  filter: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'Which documents may be hits: `{"field": …, "equals" | "in" | "exists" | "gt" | "gte" | "lt" | "lte": …}`, or any of ' +
        '`{"must": […], "should": […], "must_not": […]}` of those.',
    ),
  precision: z.enum(['fp32', 'int8']).default('fp32').describe('int8: faster, with quantised weights and activations.'),
})

export function toSearchInput(index: string, request: z.output<typeof searchRequestSchema>): SearchInput {
  const { query, k, cursor, min_coverage: minCoverage, profile, ids_only: idsOnly, precision } = request
  return {
    index,
    query,
    k,
    cursor,
    minCoverage,
    profile,
    idsOnly,
    precision,
    plan: planOf(request),
    candidates: request.candidates,
    expansion: request.expansion,
    recall: request.recall ?? recallDefault,
    filter: request.filter,
    minSequence: request.min_sequence,
    generation: request.generation,
  }
}

/** @throws HypershardError `invalid_request` for a recall beside a plan that cannot be told one */
function planOf({ plan, recall }: z.output<typeof searchRequestSchema>): SearchInput['plan'] {
  if (recall === undefined || plan === 'auto') return plan ?? 'exact'
  if (plan === undefined) return 'auto'
  throw new HypershardError(
    'invalid_request',
    `recall: belongs to the plan auto, not to ${plan}; leave one of them out`,
  )
}
