import { setTimeout as wait } from 'node:timers/promises'
import type { Deadline } from '@hypershard/common'
import {
  compareSchema,
  generationListSchema,
  generationOrderSchema,
  generationSchema,
  indexNameSchema,
  moveQuerySchema,
  parityReportSchema,
  reindexSchema,
  segmentListSchema,
} from '@hypershard/contract'
import { z } from 'zod'
import type { Caller } from '../../../access/caller.ts'
import { hidingNames, movesAliases } from '../../../access/visible-names.ts'
import { generationJson, parityReportJson } from '../../../answers/generation-json.ts'
import { segmentListJson } from '../../../answers/segment-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { readLines } from '../../../writing/read-lines.ts'
import { searchBytesMax } from '../../request-bytes-max.ts'
import { defineRoute, type Route } from '../route.ts'

const oneIndex = z.strictObject({ index: indexNameSchema })
const oneGeneration = z.strictObject({
  index: indexNameSchema,
  generation: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1')
    .transform(Number),
})

/** Loading a generation on the shard servers, and asking both the queries. */
const compareMsMax = 600_000

/** For sample q-nets on their way in: some hundred megabytes. */
const samplesMsMax = 300_000

/** A watcher of events that stays longer asks again. */
const eventsMsMax = 3_600_000
const eventEveryMs = 1_000

const answer = { status: 200, description: 'The generation', schema: generationSchema }

export function generationRoutes(coordinator: Coordinator): Route[] {
  const { generations } = coordinator
  return [
    ...reindexRoutes(generations),
    ...watchRoutes(generations),
    ...orderRoutes(generations),
    ...switchRoutes(coordinator),
  ]
}

type Generations = Coordinator['generations']

function reindexRoutes(generations: Generations): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/reindex',
      id: 'reindex',
      scope: 'admin',
      tag: 'generations',
      summary: 'Build the index anew with another model or number of shards',
      description: 'From the stored texts, beside the served generation; searches and writes go on as before.',
      params: oneIndex,
      body: reindexSchema,
      answer: { status: 201, description: 'The new generation, still empty', schema: generationSchema },
      errors: ['index_not_found', 'model_not_found', 'wrong_phase'],
      handle: async ({ params, body, caller, context }) => {
        const input = {
          index: params.index,
          model: body.model,
          shards: body.shards,
          documentsPerSecondMax: body.documents_per_second_max ?? null,
          searchP99MsMax: body.search_p99_ms_max ?? null,
          sampleQueries: body.sample_queries,
        }
        return { status: 201, json: generationJson(await generations.start(input, context), caller) }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/indexes/{index}/generations',
      id: 'listGenerations',
      scope: 'read',
      tag: 'generations',
      summary: 'List the builds of an index and how far they are',
      params: oneIndex,
      answer: { status: 200, description: 'Ascending by number', schema: generationListSchema },
      errors: ['index_not_found'],
      handle: async ({ params, caller }) => {
        const listed = await generations.list(params.index)
        return { status: 200, json: { generations: listed.map(each => generationJson(each, caller)) } }
      },
    }),
  ]
}

const path = '/v1/indexes/{index}/generations/{generation}'
const common = { params: oneGeneration, tag: 'generations', answer }

function watchRoutes(generations: Generations): Route[] {
  return [
    defineRoute({
      ...common,
      method: 'GET',
      path,
      id: 'getGeneration',
      scope: 'read',
      summary: 'How far a build of an index is',
      errors: ['index_not_found', 'generation_not_found'],
      handle: async ({ params, caller }) => ({
        status: 200,
        json: generationJson(await generations.describe(params.index, params.generation), caller),
      }),
    }),
    defineRoute({
      ...common,
      method: 'GET',
      path: `${path}/segments`,
      id: 'listSegments',
      scope: 'read',
      summary: 'The segments that a build of an index consists of',
      answer: { status: 200, description: 'Those of its newest version', schema: segmentListSchema },
      errors: ['index_not_found', 'generation_not_found'],
      handle: async ({ params }) => ({
        status: 200,
        json: segmentListJson(await generations.manifestOf(params.index, params.generation)),
      }),
    }),
    defineRoute({
      ...common,
      method: 'GET',
      path: `${path}/events`,
      id: 'watchGeneration',
      scope: 'read',
      summary: 'The same about once a second, as server-sent events, until the build has caught up or ended',
      answer: { status: 200, description: 'An event for each change', stream: 'events' },
      errors: ['index_not_found', 'generation_not_found'],
      timeoutMs: eventsMsMax,
      handle: async ({ params, caller, context }) => {
        await generations.describe(params.index, params.generation)
        return { status: 200, events: eventsOf(generations, { ...params, caller }, context.deadline) }
      },
    }),
  ]
}

function orderRoutes(generations: Generations): Route[] {
  return [
    defineRoute({
      ...common,
      method: 'PATCH',
      path,
      id: 'orderGeneration',
      scope: 'admin',
      summary: 'Pause, resume or throttle a build, or give it queries to calibrate graphs with',
      body: generationOrderSchema,
      errors: ['index_not_found', 'generation_not_found', 'wrong_phase'],
      handle: async ({ params, body, caller }) => {
        const order = {
          paused: body.paused,
          documentsPerSecondMax: body.documents_per_second_max,
          searchP99MsMax: body.search_p99_ms_max,
          sampleQueries: body.sample_queries,
        }
        const ordered = await generations.order(params.index, params.generation, order)
        return { status: 200, json: generationJson(ordered, caller) }
      },
    }),
    defineRoute({
      ...common,
      method: 'PUT',
      path: `${path}/sample-qnets`,
      id: 'putSampleQNets',
      scope: 'admin',
      summary: 'Give q-nets to calibrate graphs with, where nothing encodes a query',
      description:
        'Of an index whose model is `external`: one JSON object a line with a `qnet` or a `vector` as of a search, 16 to 64 ' +
        'of them, in the place of those before; no lines take those back. All segments with a graph, or large enough for ' +
        'one, are written again.',
      body: 'ndjson',
      errors: ['index_not_found', 'generation_not_found', 'wrong_phase', 'model_mismatch', 'request_too_large'],
      timeoutMs: samplesMsMax,
      handle: async ({ params, stream, caller, context }) => {
        const lines = readLines(stream, { lineBytesMax: searchBytesMax, idleMsMax: samplesMsMax }, context.deadline)
        const given = await generations.giveSamples(params.index, params.generation, lines)
        return { status: 200, json: generationJson(given, caller) }
      },
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: `${path}/cancel`,
      id: 'cancelGeneration',
      scope: 'admin',
      summary: 'Give up a build that is under way',
      errors: ['index_not_found', 'generation_not_found', 'wrong_phase'],
      handle: async ({ params, caller }) => ({
        status: 200,
        json: generationJson(await generations.cancel(params.index, params.generation), caller),
      }),
    }),
    defineRoute({
      ...common,
      method: 'DELETE',
      path,
      id: 'dropGeneration',
      scope: 'admin',
      summary: 'Give up a finished build that no name points at',
      errors: ['index_not_found', 'generation_not_found', 'wrong_phase'],
      handle: async ({ params, caller }) => {
        const dropped = await generations.drop(params.index, params.generation).catch(hidingNames(caller))
        return { status: 200, json: generationJson(dropped, caller) }
      },
    }),
  ]
}

function switchRoutes(coordinator: Coordinator): Route[] {
  const { generations } = coordinator
  const slow = { tag: 'generations', timeoutMs: compareMsMax }
  return [
    defineRoute({
      ...slow,
      method: 'POST',
      path: '/v1/indexes/{index}/generations/{generation}/compare',
      id: 'compareGeneration',
      scope: 'admin',
      summary: 'Ask a build and the served one the same queries',
      description: 'The build is loaded for that, and can be searched with `generation` from then on.',
      params: oneGeneration,
      body: compareSchema,
      answer: { status: 200, description: 'How alike they answer', schema: parityReportSchema },
      errors: ['index_not_found', 'generation_not_found', 'insufficient_coverage'],
      handle: async ({ params, body, context }) => {
        const report = await generations.compare(params.index, params.generation, body, context)
        return { status: 200, json: parityReportJson(report) }
      },
    }),
    defineRoute({
      ...slow,
      method: 'POST',
      path: '/v1/indexes/{index}/generations/{generation}/promote',
      id: 'promoteGeneration',
      scope: 'admin',
      summary: 'Let searches of the index use a build that has caught up',
      params: oneGeneration,
      query: moveQuerySchema,
      answer,
      errors: ['index_not_found', 'generation_not_found', 'wrong_phase', 'conflict'],
      handle: async request => {
        const { params, context } = request
        const { index, generation } = params
        const moved = await generations.promote(index, generation, movesAliases(request, coordinator), context)
        return { status: 200, json: generationJson(moved, request.caller) }
      },
    }),
    defineRoute({
      ...slow,
      method: 'POST',
      path: '/v1/indexes/{index}/rollback',
      id: 'rollBack',
      scope: 'admin',
      summary: 'Let searches of the index use the build again that they used before',
      params: oneIndex,
      query: moveQuerySchema,
      answer,
      errors: ['index_not_found', 'wrong_phase', 'conflict'],
      handle: async request => {
        const { params, context } = request
        const moved = await generations.rollBack(params.index, movesAliases(request, coordinator), context)
        return { status: 200, json: generationJson(moved, request.caller) }
      },
    }),
  ]
}

async function* eventsOf(
  generations: Generations,
  { index, generation, caller }: { index: string; generation: number; caller: Caller },
  deadline: Deadline,
): AsyncGenerator<string> {
  while (!deadline.passed && !deadline.cancelled) {
    const described = await generations.describe(index, generation)
    yield `event: progress\ndata: ${JSON.stringify(generationJson(described, caller))}\n\n`
    const ended = described.state.phase !== 'building' || described.caughtUp
    if (ended) return
    await wait(eventEveryMs, undefined, { signal: deadline.signal }).catch(() => undefined)
  }
}
