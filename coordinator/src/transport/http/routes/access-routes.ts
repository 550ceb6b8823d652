import { accessSchema } from '@hypershard/contract'
import type { Caller } from '../../../access/caller.ts'
import type { Door } from '../../../access/door.ts'
import { defineRoute, type Route } from '../route.ts'

/** For programs that show only what their key may do. */
export function accessRoutes({ door }: { readonly door: Door }): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/access',
      id: 'describeAccess',
      scope: 'public',
      tag: 'cluster',
      summary: 'What the caller may do',
      description:
        'Tells whether keys are needed, and what the key may do that comes with the request. One that is not valid is none.',
      answer: { status: 200, description: 'Scopes, and indexes by pattern', schema: accessSchema },
      handle: ({ caller }) => ({ status: 200, json: accessJson(caller, door) }),
    }),
  ]
}

function accessJson(caller: Caller, door: Door) {
  const key = door.keyOf(caller)
  return {
    keys_needed: door.locked,
    key: key === undefined ? null : { id: key.id, name: key.name, expires_at: key.expires_at },
    scopes: caller.scopes,
    indexes: caller.patterns,
    filtered: caller.filter !== undefined,
  }
}
