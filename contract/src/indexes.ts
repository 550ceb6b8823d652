import { z } from 'zod'
import { count, modelReferenceSchema } from './basic-schemas.ts'
import { fieldsSchema, fieldTypes } from './fields.ts'
import type { Immutable } from './immutable.ts'
import { indexNameSchema } from './index-name.ts'
import { lexicalSchema } from './lexical.ts'
import { replicasMax, shardsAskedMax } from './limits.ts'
import { passagesSchema } from './passages.ts'
import { externalVectorsSchema } from './vectors.ts'

export const indexDefaults = { shards: 2, replicas: 1 } as const

export const createIndexSchema = z.strictObject({
  name: indexNameSchema,
  model: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe("A model's name or digest; the default model if left out; `external` where vectors come from outside."),
  vectors: externalVectorsSchema
    .optional()
    .describe('With the model `external` alone: what vectors and q-nets look like.'),
  shards: z
    .int()
    .min(1)
    .max(shardsAskedMax)
    .default(indexDefaults.shards)
    .describe("How many slices; fixed for the index's life."),
  replicas: z
    .int()
    .min(1)
    .max(replicasMax)
    .default(indexDefaults.replicas)
    .describe('How many shard servers may answer for each shard.'),
  fields: fieldsSchema
    .default({})
    .describe('What searches can filter by; every other key of a document is only given back with it.'),
  passages: z
    .union([passagesSchema, z.literal(false)])
    .optional()
    .describe(
      'Cuts texts that are longer than the model reads at sentence ends, so that all of each is searched; false leaves a ' +
        'document the one vector of its beginning. Left out: cut, if all encoder services that have the model can. ' +
        'Fixed for the life of the index.',
    ),
  lexical: lexicalSchema
    .optional()
    .describe('Keeps the words of titles and texts too, for searches with `hybrid`. Fixed for the life of the index.'),
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
  model: modelReferenceSchema,
  vectors: externalVectorsSchema.optional().describe('Of an index whose model is `external`.'),
  shards: count,
  replicas: count,
  fields: z.record(z.string(), z.object({ type: z.enum(fieldTypes), list: z.boolean() })),
  passages: passagesSchema.optional().describe('How long texts are cut; left out where they are not.'),
  lexical: lexicalSchema.optional().describe('How words are kept; left out where they are not.'),
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

export const failedIndexSchema = z.object({ name: z.string(), code: z.string(), message: z.string() })

export const indexListSchema = z.object({
  indexes: z.array(indexSchema).describe('In name order.'),
  failed: z
    .array(failedIndexSchema)
    .describe('Indexes that cannot be served because a file of theirs is damaged; they can be deleted.'),
})

export type IndexRequest = Immutable<z.input<typeof createIndexSchema>>

export type IndexDescription = Immutable<z.output<typeof indexSchema>>

/** What searches can filter by, by name. */
export type FieldDescriptions = IndexDescription['fields']

export type IndexList = Immutable<z.output<typeof indexListSchema>>
