import {
  cloneSchema,
  generationSchema,
  indexNameSchema,
  indexSchema,
  moveQuerySchema,
  snapshotListSchema,
  snapshotSchema,
  takeSnapshotSchema,
} from '@hypershard/contract'
import { z } from 'zod'
import { requireUse } from '../../../access/caller.ts'
import { movesAliases } from '../../../access/visible-names.ts'
import { generationJson } from '../../../answers/generation-json.ts'
import { indexJson } from '../../../answers/index-json.ts'
import { snapshotJson } from '../../../answers/snapshot-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { defineRoute, type Route } from '../route.ts'

const oneIndex = z.strictObject({ index: indexNameSchema })
const oneSnapshot = z.strictObject({ index: indexNameSchema, snapshot: indexNameSchema })

/** Shard servers may have to load the snapshot. */
const restoreMsMax = 600_000

export function snapshotRoutes(coordinator: Coordinator): Route[] {
  return [...keepingRoutes(coordinator.snapshots), ...usingRoutes(coordinator)]
}

type Snapshots = Coordinator['snapshots']

const tag = 'snapshots'

function keepingRoutes(snapshots: Snapshots): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/snapshots',
      id: 'takeSnapshot',
      scope: 'admin',
      tag,
      summary: 'Give the newest version of an index a name, and keep it',
      params: oneIndex,
      body: takeSnapshotSchema,
      answer: { status: 201, description: 'The snapshot', schema: snapshotSchema },
      errors: ['index_not_found', 'snapshot_exists', 'overloaded'],
      handle: async ({ params, body }) => ({
        status: 201,
        json: snapshotJson(await snapshots.take(params.index, body.name)),
      }),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/indexes/{index}/snapshots',
      id: 'listSnapshots',
      scope: 'admin',
      tag,
      summary: 'List the snapshots of an index',
      params: oneIndex,
      answer: { status: 200, description: 'The snapshots', schema: snapshotListSchema },
      errors: ['index_not_found'],
      handle: async ({ params }) => ({
        status: 200,
        json: { snapshots: (await snapshots.list(params.index)).map(snapshotJson) },
      }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/indexes/{index}/snapshots/{snapshot}',
      id: 'deleteSnapshot',
      scope: 'admin',
      tag,
      summary: 'Delete a snapshot',
      params: oneSnapshot,
      answer: { status: 204, description: 'It is gone; what only it needed is deleted later' },
      errors: ['index_not_found', 'snapshot_not_found'],
      handle: async ({ params }) => {
        await snapshots.delete(params.index, params.snapshot)
        return { status: 204 }
      },
    }),
  ]
}

function usingRoutes(coordinator: Coordinator): Route[] {
  const { snapshots } = coordinator
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/snapshots/{snapshot}/restore',
      id: 'restoreSnapshot',
      scope: 'admin',
      tag,
      summary: 'Let searches of an index see a snapshot of it',
      description:
        'What was written since is not seen any more; `rollback` brings it back. Aliases stand for the build before, with ' +
        'all that was written, unless `move_aliases` takes them along.',
      params: oneSnapshot,
      query: moveQuerySchema,
      answer: { status: 200, description: 'The new generation, which is the snapshot', schema: generationSchema },
      errors: ['index_not_found', 'snapshot_not_found', 'model_not_served', 'conflict'],
      timeoutMs: restoreMsMax,
      handle: async request => {
        const { params, context } = request
        const { index, snapshot } = params
        const restored = await snapshots.restore(index, snapshot, movesAliases(request, coordinator), context)
        return { status: 200, json: generationJson(restored, request.caller) }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/indexes/{index}/clone',
      id: 'cloneIndex',
      scope: 'admin',
      tag,
      summary: 'Create an index that begins as a snapshot of another, or as that is now',
      description: 'No document is copied: the two share files. The other cannot be deleted before it.',
      params: oneIndex,
      body: cloneSchema,
      answer: { status: 201, description: 'The new index', schema: indexSchema },
      errors: ['index_not_found', 'snapshot_not_found', 'index_exists', 'conflict'],
      handle: async ({ params, body, caller, context }) => {
        const { name, snapshot, replicas } = body
        requireUse(caller, name)
        return {
          status: 201,
          json: indexJson(await snapshots.clone(params.index, { name, snapshot, replicas }, context)),
        }
      },
    }),
  ]
}
