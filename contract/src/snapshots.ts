import { z } from 'zod'
import { count, modelReferenceSchema } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'
import { indexNameSchema } from './index-name.ts'
import { replicasMax } from './limits.ts'

export const takeSnapshotSchema = z.strictObject({ name: indexNameSchema })

export const cloneSchema = z.strictObject({
  name: indexNameSchema.describe('Of the new index.'),
  snapshot: indexNameSchema.optional().describe('As the index is now, if left out.'),
  replicas: z.int().min(1).max(replicasMax).optional().describe("As many as the index's if left out."),
})

export const snapshotSchema = z.object({
  index: z.string(),
  name: z.string(),
  model: modelReferenceSchema,
  documents: count,
  generation: count,
  manifest_version: count,
  sequence: count.describe('Writes of the log up to this one are in it.'),
  created_at: z.iso.datetime(),
})

export const snapshotListSchema = z.object({ snapshots: z.array(snapshotSchema).describe('In name order.') })

export type CloneRequest = Immutable<z.input<typeof cloneSchema>>

export type SnapshotList = Immutable<z.output<typeof snapshotListSchema>>

export type SnapshotDescription = Immutable<z.output<typeof snapshotSchema>>
