import {
  deleteByFilterQuerySchema,
  deleteByFilterReportSchema,
  deleteByFilterSchema,
  indexNameSchema,
} from '@hypershard/contract'
import { z } from 'zod'
import { deleteByFilterAs } from '../../../access/delete-by-filter-as.ts'
import { deleteByFilterJson } from '../../../answers/write-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { idempotencyKeyOf } from '../idempotency-key-of.ts'
import { defineRoute, type Route } from '../route.ts'

export function deleteByFilterRoute(coordinator: Coordinator, { putTimeoutMs }: { putTimeoutMs: number }): Route {
  return defineRoute({
    method: 'POST',
    path: '/v1/indexes/{index}/documents/delete-by-filter',
    id: 'deleteByFilter',
    scope: 'write',
    keepsToFilter: true,
    tag: 'documents',
    summary: 'Delete the documents that pass a filter',
    description:
      'Those that pass at the version that searches see when it begins, all of them or none, unless they were written since. ' +
      'The answer means that the deletion is durable.',
    params: z.strictObject({ index: indexNameSchema }),
    query: deleteByFilterQuerySchema,
    body: deleteByFilterSchema,
    answer: { status: 200, description: 'How many were deleted', schema: deleteByFilterReportSchema },
    errors: ['index_not_found', 'storage_full', 'conflict'],
    timeoutMs: putTimeoutMs,
    handle: async ({ params, query, body, headers, caller, audited, context }) => {
      const input = {
        index: params.index,
        filter: body.filter,
        minSequence: body.min_sequence,
        idempotencyKey: idempotencyKeyOf(headers),
        waitFor: query.wait_for,
        waitMsMax: query.wait_timeout_ms ?? putTimeoutMs,
      }
      const report = await deleteByFilterAs(caller, input, context, { coordinator, audited })
      return { status: 200, json: deleteByFilterJson(report) }
    },
  })
}
