import { HypershardError, type RequestContext } from '@hypershard/common'
import { drainedServerSchema } from '@hypershard/contract'
import { z } from 'zod'
import { serverJson } from '../../../answers/server-json.ts'
import type { DrainState } from '../../../cluster/server-admin.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { defineRoute, type Route, type RouteAnswer } from '../route.ts'

/** A name of the domain name system has 253 characters at most; a port five. */
const addressCharactersMax = 260

const path = '/v1/cluster/servers/{address}'
const common = {
  tag: 'cluster',
  params: z.strictObject({ address: z.string().max(addressCharactersMax).describe('`host:port`, as in the cluster.') }),
  answer: { status: 200, description: 'The server', schema: drainedServerSchema },
  errors: ['server_not_found', 'unavailable'] as const,
}

/** Taking shard servers away. */
export function serverRoutes(coordinator: Coordinator): Route[] {
  const { servers } = coordinator
  const answer = async (asked: Promise<DrainState>, context: RequestContext): Promise<RouteAnswer> => {
    const state = await asked
    const json = serverJson(await coordinator.describeCluster(context), state)
    if (json !== undefined) return { status: 200, json }
    throw new HypershardError('server_not_found', `shard server \`${state.address}\` has just left the cluster`)
  }
  return [
    defineRoute({
      ...common,
      method: 'GET',
      path,
      id: 'getServer',
      scope: 'read',
      wholeCluster: true,
      summary: 'A shard server, and how far its drain is',
      handle: ({ params, context }) => answer(servers.describe(params.address, context), context),
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: `${path}/drain`,
      id: 'drainServer',
      scope: 'admin',
      wholeCluster: true,
      summary: 'Have other servers load what a shard server has, and ask it no more',
      description:
        'It goes on running, and serves until others have its shards. It can be stopped once `needed_by` is 0, or be taken back with `undrain`. A server that gets SIGTERM does the same by itself before it ends.',
      handle: ({ params, context }) => answer(servers.drain(params.address, { undo: false }, context), context),
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: `${path}/undrain`,
      id: 'undrainServer',
      scope: 'admin',
      wholeCluster: true,
      summary: 'Let a shard server that was drained hold shards again',
      handle: ({ params, context }) => answer(servers.drain(params.address, { undo: true }, context), context),
    }),
  ]
}
