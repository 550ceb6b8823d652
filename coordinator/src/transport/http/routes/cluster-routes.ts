import { readFileSync } from 'node:fs'
import { Deadline, HypershardError, type Logger, probeMsMax, RequestContext, systemClock } from '@hypershard/common'
import { clusterSchema, modelListSchema, readySchema } from '@hypershard/contract'
import { z } from 'zod'
import { seesEverything } from '../../../access/caller.ts'
import { SharedAnswer } from '../../../access/shared-answer.ts'
import { clusterJson, modelListJson, readyJson } from '../../../answers/cluster-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { defineRoute, type Route } from '../route.ts'

const packageFile = new URL('../../../../package.json', import.meta.url)

/** Of this package, which all workspaces share. */
export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version

const homeSchema = z.object({ name: z.string(), version: z.string(), links: z.record(z.string(), z.string()) })

const home: z.input<typeof homeSchema> = {
  name: 'hypershard',
  version,
  links: {
    console: '/console/',
    openapi: '/openapi.json',
    docs: '/docs',
    ready: '/readyz',
    indexes: '/v1/indexes',
    models: '/v1/models',
  },
}

/** A probe has no key: it learns whether, and neither of which index nor of which server. */
function withoutNames(): never {
  throw new HypershardError('unavailable', 'not ready; with a key for all indexes this tells what is missing')
}

/** Each question is a call to the encoder service, and anybody may ask. */
function sharedReadiness(coordinator: Coordinator, log: Logger): SharedAnswer<unknown> {
  return new SharedAnswer(
    () => coordinator.requireReady(new RequestContext({ log, deadline: Deadline.after(probeMsMax) })),
    systemClock,
  )
}

export function clusterRoutes(coordinator: Coordinator, log: Logger): Route[] {
  const readiness = sharedReadiness(coordinator, log)
  return [
    defineRoute({
      method: 'GET',
      path: '/',
      id: 'home',
      scope: 'public',
      tag: 'cluster',
      summary: 'Name, version, links',
      answer: { status: 200, description: 'Where to go from here', schema: homeSchema },
      handle: () => ({ status: 200, json: home }),
    }),
    defineRoute({
      method: 'GET',
      path: '/healthz',
      id: 'health',
      scope: 'public',
      tag: 'cluster',
      summary: 'Whether the process is alive',
      answer: { status: 200, description: 'It is', schema: z.object({ status: z.literal('alive') }) },
      handle: () => ({ status: 200, json: { status: 'alive' } }),
    }),
    defineRoute({
      method: 'GET',
      path: '/readyz',
      id: 'ready',
      scope: 'public',
      tag: 'cluster',
      summary: 'Whether every shard of every index has a live, warm server and the encoder answers',
      description:
        'Indexes whose model the encoder service does not have are named: the others can be searched. Only a key for all indexes is told names.',
      answer: { status: 200, description: 'Searches are complete', schema: readySchema },
      errors: ['unavailable'],
      timeoutMs: probeMsMax,
      handle: async ({ caller, context }) => {
        if (seesEverything(caller)) return { status: 200, json: readyJson(await coordinator.requireReady(context)) }
        await readiness.get(context.deadline).catch(withoutNames)
        return { status: 200, json: readyJson([]) }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/models',
      id: 'listModels',
      scope: 'read',
      keepsToFilter: true,
      tag: 'cluster',
      summary: 'List the models that the encoder service holds',
      answer: { status: 200, description: 'All models', schema: modelListSchema },
      handle: async ({ context }) => ({
        status: 200,
        json: modelListJson(await coordinator.listModels(context)),
      }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/cluster',
      id: 'describeCluster',
      scope: 'read',
      wholeCluster: true,
      tag: 'cluster',
      summary: 'Shard servers, whether they live, which shards they hold, and indexes whose model is not there',
      answer: { status: 200, description: 'The cluster as this coordinator sees it', schema: clusterSchema },
      handle: async ({ context }) => ({ status: 200, json: clusterJson(await coordinator.describeCluster(context)) }),
    }),
  ]
}
