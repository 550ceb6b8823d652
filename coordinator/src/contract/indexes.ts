import { replicasMax, shardsAskedMax } from '@hypershard/proto/limits'
import { fieldsSchema, fieldTypes, indexNamePattern, type Manifest, type SegmentRead } from '@hypershard/storage'
import { z } from 'zod'
import type { CatalogEntry, FailedIndex } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'

const count = z.int().min(0)

export const indexNameSchema = z
  .string()
  .regex(indexNamePattern, 'must be 1 to 64 of a-z 0-9 - _, starting with a letter or digit')

export const createIndexSchema = z.strictObject({
  name: indexNameSchema,
  model: z.string().min(1).max(256).optional().describe("A model's name or digest; the default model if left out."),
  shards: z.int().min(1).max(shardsAskedMax).default(2).describe("How many slices; fixed for the index's life."),
  replicas: z.int().min(1).max(replicasMax).default(1).describe('How many shard servers may answer for each shard.'),
  fields: fieldsSchema
    .default({})
    .describe('What searches can filter by; every other key of a document is only given back with it.'),
})

export const deleteIndexQuerySchema = z.strictObject({
  aliases: z
    .enum(['refuse', 'delete'])
    .default('refuse')
    .describe('Whether an index that has aliases is kept, as index_in_use, or its aliases are deleted along with it.'),
})

export type CreateIndexInput = z.output<typeof createIndexSchema>

export const indexSchema = z.object({
  name: z.string(),
  model: z.object({ name: z.string(), digest: z.string() }),
  shards: count,
  replicas: count,
  fields: z.record(z.string(), z.object({ type: z.enum(fieldTypes), list: z.boolean() })),
  documents: count,
  documents_truncated: count.describe('Documents longer than the model reads; their vectors are of their beginning.'),
  documents_unreadable: count.describe(
    'Documents that the model cannot read: half of their tokens or more are not in its vocabulary, or they have none.',
  ),
  unknown_token_share: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('Of all tokens of the documents, those that the vocabulary does not have; null where none were counted.'),
  documents_aside: count.describe('Documents that could not be encoded and are not searched.'),
  segments: count,
  generation: count.describe('The build that searches of this index use.'),
  manifest_version: count,
  sequence: count.describe('Writes of the log up to this one are searchable.'),
  created_at: z.iso.datetime(),
})

const failedIndexSchema = z.object({ name: z.string(), code: z.string(), message: z.string() })

export const indexListSchema = z.object({
  indexes: z.array(indexSchema).describe('In name order.'),
  failed: z
    .array(failedIndexSchema)
    .describe('Indexes that cannot be served because a file of theirs is damaged; they can be deleted.'),
})

export function failedIndexJson({ name, failure }: FailedIndex): z.input<typeof failedIndexSchema> {
  return { name, code: failure.code, message: failure.message }
}

/** Rows that are deleted and not merged away yet count too. */
function unreadOf({ segments }: Manifest) {
  const read = segments.flatMap(segment => segment.read ?? [])
  const sum = (count: (of: SegmentRead) => number) => read.reduce((total, of) => total + count(of), 0)
  const tokens = sum(of => of.tokens)
  return {
    documents_unreadable: sum(of => of.unreadable),
    unknown_token_share: tokens === 0 ? null : sum(of => of.unknown) / tokens,
  }
}

export function indexJson({ record, generation, manifest }: CatalogEntry): z.input<typeof indexSchema> {
  const { name, replicas, createdAt } = record
  const { model, shards, fields = {} } = generation
  return {
    ...{ name, model, shards, replicas, fields },
    documents: eligibleByShard(manifest).reduce((sum, documents) => sum + documents, 0),
    documents_truncated: manifest.segments.reduce((sum, { truncated }) => sum + truncated, 0),
    ...unreadOf(manifest),
    documents_aside: manifest.aside?.documents ?? 0,
    segments: manifest.segments.length,
    generation: generation.generation,
    manifest_version: manifest.version,
    sequence: manifest.log.sequence,
    created_at: createdAt,
  }
}
