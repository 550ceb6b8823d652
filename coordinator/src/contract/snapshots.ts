import { replicasMax } from '@hypershard/proto/limits'
import { eligibleDocuments, type Snapshot } from '@hypershard/storage'
import { z } from 'zod'
import { indexNameSchema } from './indexes.ts'

const count = z.int().min(0)

export const takeSnapshotSchema = z.strictObject({ name: indexNameSchema })

export const cloneSchema = z.strictObject({
  name: indexNameSchema.describe('Of the new index.'),
  snapshot: indexNameSchema.optional().describe('As the index is now, if left out.'),
  replicas: z.int().min(1).max(replicasMax).optional().describe("As many as the index's if left out."),
})

export const snapshotSchema = z.object({
  index: z.string(),
  name: z.string(),
  model: z.object({ name: z.string(), digest: z.string() }),
  documents: count,
  generation: count,
  manifest_version: count,
  sequence: count.describe('Writes of the log up to this one are in it.'),
  created_at: z.iso.datetime(),
})

export const snapshotListSchema = z.object({ snapshots: z.array(snapshotSchema).describe('In name order.') })

export function snapshotJson({ name, model, manifest, createdAt }: Snapshot): z.input<typeof snapshotSchema> {
  const { index, generation, version, log } = manifest
  return {
    ...{ index, name, model, documents: eligibleDocuments(manifest), generation },
    ...{ manifest_version: version, sequence: log.sequence, created_at: createdAt },
  }
}
