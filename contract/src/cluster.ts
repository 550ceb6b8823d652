import { z } from 'zod'
import { count, modelReferenceSchema } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'

export type { ModelReference } from './basic-schemas.ts'

export const modelSchema = modelReferenceSchema.extend({
  description: z.string(),
  license: z.string(),
  source: z.string(),
  languages: z
    .array(z.string())
    .describe('BCP 47 tags of the languages that it was made for; empty where its directory does not say.'),
  vector_width: count,
  qnet: z.object({
    vector_dimensions: z.array(count),
    activation: z.enum(['relu', 'tanh', 'sigmoid', 'gelu', 'leaky_relu']).nullable(),
    layer_norm: z.boolean(),
    layer_norm_before_residual: z.boolean(),
    residual: z.boolean(),
    residual_on_last: z.boolean(),
  }),
  qnet_parameters: count,
  max_query_tokens: count,
  max_document_tokens: count,
  bytes: count,
  interprets: z.boolean().describe('Whether it finds the pieces of a query.'),
  default: z.boolean(),
})

const crossEncoderDescriptionSchema = modelReferenceSchema.extend({
  description: z.string(),
  license: z.string(),
  source: z.string(),
  languages: z.array(z.string()).describe('As those of a model.'),
  max_tokens: count.describe('Of a query and a text together.'),
  max_query_tokens: count.describe('Of these, what a query may take.'),
  bytes: count,
})

export const modelListSchema = z.object({
  models: z.array(modelSchema).describe('What indexes are made with. The first is the default.'),
  cross_encoders: z
    .array(crossEncoderDescriptionSchema)
    .describe('What a search can be reranked with; no index is made with one.'),
})

const indexesWithoutModelSchema = z
  .array(z.object({ index: z.string(), generation: count, model: modelReferenceSchema, message: z.string() }))
  .describe('Indexes that no search can use, because no encoder service has the model they were made with.')

export const readySchema = z.object({
  status: z.literal('ready'),
  indexes_without_model: indexesWithoutModelSchema,
})

const hedgesSchema = z
  .object({
    asked: count.describe('Calls that were made of a second server because the first was late.'),
    won: count.describe('Of those, the ones that answered for a shard first.'),
    cancelled: count.describe('Calls that were ended because another had answered for all their shards.'),
    refused_by_budget: count.describe('Late calls that were not made twice: at most 5 % are.'),
  })
  .describe('Of this coordinator since it started.')

export const clusterSchema = z.object({
  protocol_version: count.describe(
    'That this coordinator speaks with the other processes; it works with its own and both neighbours.',
  ),
  encoders: z
    .array(
      z.object({
        address: z.string(),
        live: z.boolean(),
        down_reason: z.string().nullable().describe('Null while it lives.'),
        draining: z.boolean().describe('It ends soon and gets no new work.'),
        weight: z.number(),
        outstanding: count.describe('Queries of this coordinator that it has not answered yet.'),
        waiting: z
          .object({ queries: count, documents: count, pairs: count })
          .nullable()
          .describe(
            'Texts of all callers that waited there for a batch at the last health check; null where it does not say.',
          ),
        protocol_version: count.nullable().describe('Null while it has not said.'),
        models: z
          .array(
            modelReferenceSchema.extend({
              document_kernel: z
                .string()
                .describe(
                  'What it computes document vectors in: `fp32` or `int8`, or `fp32-cuda` or `fp32-webgpu` on a GPU; empty where it does not say.',
                ),
            }),
          )
          .nullable()
          .describe('That it has; null while it does not answer.'),
      }),
    )
    .describe('The encoder services, by address.'),
  indexes_without_model: indexesWithoutModelSchema.nullable(),
  hedges: hedgesSchema,
  retries: count.describe('Calls that were made because another had failed, since this coordinator started.'),
  view: count.describe('The number of the membership view that shards are placed by; it grows with each change.'),
  servers: z.array(
    z.object({
      address: z.string(),
      live: z.boolean(),
      down_reason: z.string().nullable().describe('Null while it lives.'),
      down_since: z.iso.datetime().nullable().describe('Null while it lives.'),
      listed: z.boolean().describe('Whether it is named still by what this coordinator learns of servers from.'),
      placed_since: z.iso
        .datetime()
        .nullable()
        .describe(
          'Since when shards are placed on it; null while it drains, is away for long, or has not been seen yet.',
        ),
      draining: z.boolean(),
      zone: z.string().describe('Empty where nobody says.'),
      device: z.string().nullable().describe('What it scores on; null while it has not said, as are the next three.'),
      protocol_version: count.nullable(),
      memory_bytes: count.nullable().describe('What its shards may take.'),
      memory_free_bytes: count.nullable(),
      device_memory: z
        .object({
          limit_bytes: count.describe('What vectors may take.'),
          held_bytes: count.describe('What they take.'),
          cpu_segments: count.describe('Segments that the CPU scores, because they do not fit on the device.'),
          cpu_bytes: count.describe('What these would take.'),
        })
        .nullable()
        .describe("What vectors take of its device's memory; null where it has no device or has not said."),
      weight: z.number(),
      outstanding: count.describe('Searches of this coordinator that it has not answered yet.'),
      shards: z
        .array(
          z.object({
            index: z.string(),
            generation: count,
            shard: count,
            documents: count,
            warm: z.boolean().describe('Loaded at the version that searches pin.'),
            placed: z
              .boolean()
              .describe('False for one that it has loaded still and that moves, or has moved, elsewhere.'),
          }),
        )
        .describe('Those that are placed on it or that it has loaded.'),
    }),
  ),
  moves: z
    .array(
      z.object({
        index: z.string(),
        generation: count,
        shard: count,
        from: z.array(z.string()).describe('Servers that have it loaded and are not to hold it any more.'),
        to: z.string().nullable().describe('The server that is to hold it; null once only the old one has to let go.'),
        since: z.iso.datetime(),
        state: z.enum(['waiting', 'loading', 'failed', 'releasing']),
        reason: z.string().nullable().describe('Why it could not be loaded the last time.'),
      }),
    )
    .describe(
      'Shards that a live server is to hold and has not loaded yet, and those that one has still to let go of.',
    ),
  unplaced: z
    .array(
      z.object({
        index: z.string(),
        generation: count,
        shard: count,
        needed_bytes: count.describe('What it takes, roughly.'),
        replicas: count.describe('How many servers are to hold it.'),
        placed: count.describe('How many of them have the memory.'),
        servers: z
          .array(z.object({ address: z.string(), memory_free_bytes: count.nullable() }))
          .describe('Those that have no memory for it.'),
      }),
    )
    .describe('Shards that too few servers have memory for.'),
})

export type CrossEncoderDescription = Immutable<z.output<typeof crossEncoderDescriptionSchema>>

export type ModelDescription = Immutable<z.output<typeof modelSchema>>

export type ModelList = Immutable<z.output<typeof modelListSchema>>

export type ClusterDescription = Immutable<z.output<typeof clusterSchema>>

export type EncoderDescription = ClusterDescription['encoders'][number]

export type ServerDescription = ClusterDescription['servers'][number]

/** An index that no search can use until its model is there. */
export type IndexWithoutModel = Immutable<z.output<typeof indexesWithoutModelSchema>>[number]

export type ShardMove = ClusterDescription['moves'][number]

export type UnplacedShard = ClusterDescription['unplaced'][number]
