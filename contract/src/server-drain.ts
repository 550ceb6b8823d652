import { z } from 'zod'
import { count } from './basic-schemas.ts'
import { clusterSchema } from './cluster.ts'
import type { Immutable } from './immutable.ts'

export const drainedServerSchema = clusterSchema.shape.servers.element.extend({
  draining: z.boolean(),
  needed_by: count.describe(
    'While it drains: coordinators that would lack a shard without it, or have not heard of it yet. It can be taken away once there is none.',
  ),
  shards_only_here: count.describe(
    'Shards that no other server has loaded which lives and does not drain. One that no other can hold stays among them.',
  ),
})

/** A shard server, and how far its drain is. */
export type DrainedServer = Immutable<z.output<typeof drainedServerSchema>>
