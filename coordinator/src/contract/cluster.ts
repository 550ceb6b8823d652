import type { Model } from '@hypershard/proto/encoder'
import { Activation } from '@hypershard/proto/qnet'
import { z } from 'zod'
import type { UnservedIndex } from '../catalog/unserved-models.ts'
import type { ClusterDescription } from '../coordinator.ts'

const count = z.int().min(0)

export const modelSchema = z.object({
  name: z.string(),
  digest: z.string(),
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
  default: z.boolean(),
})

export const modelListSchema = z.object({ models: z.array(modelSchema).describe('The first is the default.') })

const namedModelSchema = z.object({ name: z.string(), digest: z.string() })

const indexesWithoutModelSchema = z
  .array(z.object({ index: z.string(), generation: count, model: namedModelSchema, message: z.string() }))
  .describe('Indexes that no search can use, because the encoder service does not have the model they were made with.')

export const readySchema = z.object({
  status: z.literal('ready'),
  indexes_without_model: indexesWithoutModelSchema,
})

export function readyJson(unserved: readonly UnservedIndex[]): z.input<typeof readySchema> {
  return { status: 'ready', indexes_without_model: [...unserved] }
}

export const clusterSchema = z.object({
  encoder: z.object({
    address: z.string(),
    models: z.array(namedModelSchema).nullable().describe('That it has; null while it does not answer.'),
  }),
  indexes_without_model: indexesWithoutModelSchema.nullable(),
  servers: z.array(
    z.object({
      address: z.string(),
      live: z.boolean(),
      down_reason: z.string().nullable().describe('Null while it lives.'),
      weight: z.number(),
      outstanding: count.describe('Searches of this coordinator that it has not answered yet.'),
      shards: z.array(
        z.object({
          index: z.string(),
          shard: count,
          documents: count,
          warm: z.boolean().describe('Loaded at the version that searches pin.'),
        }),
      ),
    }),
  ),
})

const activations = {
  [Activation.ACTIVATION_RELU]: 'relu',
  [Activation.ACTIVATION_TANH]: 'tanh',
  [Activation.ACTIVATION_SIGMOID]: 'sigmoid',
  [Activation.ACTIVATION_GELU]: 'gelu',
  [Activation.ACTIVATION_LEAKY_RELU]: 'leaky_relu',
} as const

export function modelJson(model: Model, place: number): z.input<typeof modelSchema> {
  const { name, digest, description, license, source, languages, bytes } = model
  return {
    ...{ name, digest, description, license, source, languages },
    vector_width: model.vectorWidth,
    qnet: architectureJson(model),
    qnet_parameters: model.qnetParameters,
    max_query_tokens: model.maxQueryTokens,
    max_document_tokens: model.maxDocumentTokens,
    bytes,
    default: place === 0,
  }
}

function architectureJson({ architecture }: Model): z.input<typeof modelSchema>['qnet'] {
  const activation = architecture?.activation ?? Activation.ACTIVATION_UNSPECIFIED
  return {
    vector_dimensions: architecture?.vectorDimensions ?? [],
    activation: Object.hasOwn(activations, activation) ? activations[activation as keyof typeof activations] : null,
    layer_norm: architecture?.layerNorm ?? false,
    layer_norm_before_residual: architecture?.layerNormBeforeResidual ?? false,
    residual: architecture?.residual ?? false,
    residual_on_last: architecture?.residualOnLast ?? false,
  }
}

export function clusterJson(description: ClusterDescription): z.input<typeof clusterSchema> {
  const { encoderAddress, models, unserved, servers } = description
  return {
    encoder: { address: encoderAddress, models: models?.map(({ name, digest }) => ({ name, digest })) ?? null },
    indexes_without_model: unserved && [...unserved],
    servers: servers.map(({ downReason, shards, ...server }) => ({
      ...server,
      down_reason: downReason,
      shards: [...shards],
    })),
  }
}
