import { indexNameSchema, searchAnswerSchema, searchRequestSchema } from '@hypershard/contract'
import { z } from 'zod'
import { type SearchAccess, searchAs } from '../../../access/search-as.ts'
import { searchAnswerJson } from '../../../answers/search-json.ts'
import { toSearchInput } from '../../../search/search-input.ts'
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
      answer: { status: 200, description: 'A page of hits', schema: searchAnswerSchema },
      errors: ['index_not_found', 'invalid_cursor', 'insufficient_coverage', 'model_mismatch', 'model_not_served'],
      timeoutMs: body => body.timeout_ms,
      handle: async ({ params, body, caller, context }) => {
        const answer = await searchAs(caller, toSearchInput(params.index, body), context, access)
        return { status: 200, json: searchAnswerJson(answer) }
      },
    }),
  ]
}
