import {
  indexNameSchema,
  searchAnswerSchema,
  searchBatchAnswerSchema,
  searchBatchSchema,
  type searchOutcomeSchema,
  searchRequestSchema,
} from '@hypershard/contract'
import { z } from 'zod'
import { type SearchAccess, searchAs } from '../../../access/search-as.ts'
import { type SearchOutcome, searchBatchAs } from '../../../access/search-batch-as.ts'
import { searchAnswerJson } from '../../../answers/search-json.ts'
import { toSearchInput } from '../../../search/search-input.ts'
import { searchBytesMax } from '../../request-bytes-max.ts'
import { problemOf } from '../problem.ts'
import { defineRoute, type Route } from '../route.ts'

export function searchRoutes(access: SearchAccess): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/search',
      id: 'search',
      scope: 'search',
      keepsToFilter: true,
      tag: 'search',
      summary: 'Search an index',
      description:
        'Answers the documents that the q-net of the query scores best: of all in the plan exact, of those that a cheaper ' +
        'first pass finds in the others. A filter leaves out documents before.',
      params: z.strictObject({ index: indexNameSchema }),
      body: searchRequestSchema,
      bodyBytesMax: searchBytesMax,
      answer: { status: 200, description: 'A page of hits', schema: searchAnswerSchema },
      errors: [
        'index_not_found',
        'model_not_found',
        'invalid_cursor',
        'insufficient_coverage',
        'model_mismatch',
        'model_not_served',
      ],
      timeoutMs: body => body.timeout_ms,
      handle: async ({ params, body, caller, context }) => {
        const answer = await searchAs(caller, toSearchInput(params.index, body), context, access)
        return { status: 200, json: searchAnswerJson(answer) }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/search/batch',
      id: 'searchBatch',
      scope: 'search',
      keepsToFilter: true,
      tag: 'search',
      summary: 'Search an index with several queries',
      description:
        'Each search is as one by itself and gets a status of its own; all share ' +
        'one time limit. A body that does not fit the schema is refused whole, before anything is searched.',
      params: z.strictObject({ index: indexNameSchema }),
      body: searchBatchSchema,
      answer: { status: 200, description: 'What became of each search', schema: searchBatchAnswerSchema },
      errors: ['index_not_found'],
      timeoutMs: body => body.timeout_ms,
      handle: async ({ params: { index }, body, caller, context }) => {
        const startMs = context.deadline.clock.monotonicMs()
        const searches = body.searches.map(request => () => toSearchInput(index, request))
        const outcomes = await searchBatchAs(caller, { index, searches, protocol: 'http' }, context, access)
        const tookMs = context.deadline.clock.monotonicMs() - startMs
        const json = { outcomes: outcomes.map(one => searchOutcomeJson(one, context.requestId)), took_ms: tookMs }
        return { status: 200, json }
      },
    }),
  ]
}

function searchOutcomeJson(outcome: SearchOutcome, requestId: string): z.input<typeof searchOutcomeSchema> {
  if ('answer' in outcome) return { status: 200, answer: searchAnswerJson(outcome.answer) }
  const problem = problemOf(outcome.problem, requestId)
  return { status: problem.status, problem }
}
