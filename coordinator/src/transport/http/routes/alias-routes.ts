import { aliasHistorySchema, aliasOrdersSchema, aliasTableSchema } from '@hypershard/contract'
import { requireOrders, visibleAliases, visibleHistory } from '../../../access/visible-names.ts'
import { aliasHistoryJson, aliasTableJson } from '../../../answers/alias-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { defineRoute, type Route } from '../route.ts'

/** Loading what a name will point at. */
const changeMsMax = 120_000

export function aliasRoutes({ aliases }: Coordinator): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/aliases',
      id: 'listAliases',
      scope: 'read',
      tag: 'aliases',
      summary: 'List the aliases and what they point at',
      answer: { status: 200, description: 'The newest version of all', schema: aliasTableSchema },
      handle: ({ caller }) => ({ status: 200, json: aliasTableJson(visibleAliases(caller, aliases.list())) }),
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/aliases',
      id: 'changeAliases',
      scope: 'admin',
      tag: 'aliases',
      summary: 'Add, move and remove aliases, all in one step',
      body: aliasOrdersSchema,
      answer: { status: 200, description: 'The new version of all', schema: aliasTableSchema },
      errors: ['index_not_found', 'generation_not_found', 'alias_not_found', 'index_exists', 'wrong_phase', 'conflict'],
      timeoutMs: changeMsMax,
      handle: async ({ body, caller, context }) => {
        requireOrders(caller, body.actions)
        const changed = await aliases.change(body.actions, context)
        return { status: 200, json: aliasTableJson(visibleAliases(caller, changed)) }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/aliases/history',
      id: 'aliasHistory',
      scope: 'admin',
      tag: 'aliases',
      summary: 'What changed the aliases, newest first',
      answer: { status: 200, description: 'The last 100 versions', schema: aliasHistorySchema },
      handle: async ({ caller }) => ({
        status: 200,
        json: aliasHistoryJson(visibleHistory(caller, await aliases.history())),
      }),
    }),
  ]
}
