import {
  countAnswerSchema,
  countRequestSchema,
  indexNameSchema,
  listAnswerSchema,
  listRequestSchema,
} from '@hypershard/contract'
import { z } from 'zod'
import { countAs } from '../../../access/count-as.ts'
import { listAs } from '../../../access/list-as.ts'
import { countJson } from '../../../answers/count-json.ts'
import { listJson } from '../../../answers/list-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { toCountInput } from '../../../reading/count-documents.ts'
import { toListInput } from '../../../reading/list-documents.ts'
import { defineRoute, type Route } from '../route.ts'

/** What is read of all documents that pass a filter. */
export function readingRoutes(coordinator: Coordinator): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/documents/count',
      id: 'countDocuments',
      scope: 'read',
      keepsToFilter: true,
      tag: 'documents',
      summary: 'Count the documents that pass a filter',
      description: 'Exact, at one version of the index, and nothing is scored. A shard that does not answer is told.',
      params: z.strictObject({ index: indexNameSchema }),
      body: countRequestSchema,
      answer: { status: 200, description: 'How many there are', schema: countAnswerSchema },
      errors: ['index_not_found', 'insufficient_coverage'],
      timeoutMs: body => body.timeout_ms,
      handle: async ({ params, body, caller, context }) => {
        const input = toCountInput(params.index, body)
        return { status: 200, json: countJson(await countAs(caller, input, context, coordinator)) }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/documents/list',
      id: 'listDocuments',
      scope: 'read',
      keepsToFilter: true,
      tag: 'documents',
      summary: 'List the documents that pass a filter, page by page',
      description:
        'In the order in which they are stored, at the manifest version of the first page: each document once, to the very ' +
        'end, whatever is written meanwhile.',
      params: z.strictObject({ index: indexNameSchema }),
      body: listRequestSchema,
      answer: { status: 200, description: 'A page of documents', schema: listAnswerSchema },
      errors: ['index_not_found', 'invalid_cursor', 'unavailable'],
      timeoutMs: body => body.timeout_ms,
      handle: async ({ params, body, caller, context }) => {
        const answer = await listAs(caller, toListInput(params.index, body), context, coordinator)
        return { status: 200, json: listJson(answer, body.with) }
      },
    }),
  ]
}
