import { z } from 'zod'
import { count } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'

export const segmentListSchema = z.object({
  generation: z.int().min(1),
  manifest_version: count,
  segments: z
    .array(
      z.object({
        digest: z.string().describe('Its name in the store.'),
        shard: count,
        documents: count.describe('That are searched: without those that were deleted or written anew since.'),
        documents_deleted: count.describe('That are still in its files, until it is merged.'),
        documents_truncated: count.describe('Longer than the model reads, deleted ones too.'),
        passages: count.nullable().describe('Vectors, deleted ones too; null where each document has one.'),
        bytes: count.describe('Of all its files.'),
      }),
    )
    .describe('In the order of the manifest: the newest come last.'),
})

/** Of which files a generation consists, at one version. */
export type SegmentList = Immutable<z.output<typeof segmentListSchema>>

export type SegmentDescription = SegmentList['segments'][number]
