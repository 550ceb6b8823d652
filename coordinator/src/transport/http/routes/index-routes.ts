import {
  createIndexSchema,
  deleteIndexQuerySchema,
  indexListSchema,
  indexNameSchema,
  indexSchema,
} from '@hypershard/contract'
import { z } from 'zod'
import { mayUse, requireUse } from '../../../access/caller.ts'
import { hidingClones } from '../../../access/visible-names.ts'
import { failedIndexJson, indexJson } from '../../../answers/index-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { defineRoute, type Route } from '../route.ts'

const oneIndex = z.strictObject({ index: indexNameSchema })

export function indexRoutes(coordinator: Coordinator): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/indexes',
      id: 'createIndex',
      scope: 'admin',
      tag: 'indexes',
      summary: 'Create an index',
      body: createIndexSchema,
      answer: { status: 201, description: 'The new index', schema: indexSchema },
      errors: ['index_exists', 'model_not_found'],
      handle: async ({ body, caller, context }) => {
        requireUse(caller, body.name)
        return { status: 201, json: indexJson(await coordinator.createIndex(body, context)) }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/indexes',
      id: 'listIndexes',
      scope: 'read',
      tag: 'indexes',
      summary: 'List the indexes',
      answer: { status: 200, description: 'All indexes that the key may use', schema: indexListSchema },
      handle: ({ caller }) => {
        const indexes = coordinator.listIndexes().filter(({ record }) => mayUse(caller, record.name))
        const failed = coordinator.listFailedIndexes().filter(({ name }) => mayUse(caller, name))
        return { status: 200, json: { indexes: indexes.map(indexJson), failed: failed.map(failedIndexJson) } }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/indexes/{index}',
      id: 'getIndex',
      scope: 'read',
      tag: 'indexes',
      summary: 'Describe an index',
      params: oneIndex,
      answer: { status: 200, description: 'The index', schema: indexSchema },
      errors: ['index_not_found'],
      handle: ({ params }) => ({ status: 200, json: indexJson(coordinator.getIndex(params.index)) }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/indexes/{index}',
      id: 'deleteIndex',
      scope: 'admin',
      tag: 'indexes',
      summary: 'Delete an index and its documents',
      params: oneIndex,
      query: deleteIndexQuerySchema,
      answer: { status: 204, description: 'It is gone' },
      errors: ['index_not_found', 'index_in_use'],
      handle: async ({ params, query, caller, context }) => {
        await coordinator.deleteIndex(params.index, query.aliases, context).catch(hidingClones(caller))
        return { status: 204 }
      },
    }),
  ]
}
