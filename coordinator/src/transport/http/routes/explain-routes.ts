import { explainRequestSchema, explanationSchema, indexNameSchema } from '@hypershard/contract'
import { z } from 'zod'
import { explainAs } from '../../../access/explain-as.ts'
import type { SearchAccess } from '../../../access/search-as.ts'
import { explanationJson } from '../../../answers/explanation-json.ts'
import { toExplainedSearch } from '../../../search/search-input.ts'
import { searchBytesMax } from '../../request-bytes-max.ts'
import { defineRoute, type Route } from '../route.ts'

export function explainRoutes(access: SearchAccess): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/documents/{id}/explain',
      id: 'explainDocument',
      scope: 'search',
      keepsToFilter: true,
      tag: 'search',
      summary: 'Tell how a document stands for a search',
      description:
        'Its exact score, its rank among all documents by the exact plan, what of the filter keeps it out, and whether the ' +
        'plan that is asked for comes to it. Costs about as much as a search by the plan exact.',
      params: z.strictObject({ index: indexNameSchema, id: z.string().min(1).max(1_024) }),
      body: explainRequestSchema,
      bodyBytesMax: searchBytesMax,
      answer: { status: 200, description: 'How the document stands', schema: explanationSchema },
      errors: ['index_not_found', 'document_not_found', 'insufficient_coverage', 'model_mismatch', 'model_not_served'],
      timeoutMs: body => body.timeout_ms,
      handle: async ({ params: { index, id }, body, caller, context }) => {
        const startMs = context.deadline.clock.monotonicMs()
        const search = toExplainedSearch(index, body)
        const explanation = await explainAs(caller, { id, search }, context, access)
        const tookMs = context.deadline.clock.monotonicMs() - startMs
        return { status: 200, json: explanationJson({ id, search, tookMs }, explanation) }
      },
    }),
  ]
}
