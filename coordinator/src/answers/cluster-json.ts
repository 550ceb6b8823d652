import type { clusterSchema, modelListSchema, modelSchema, readySchema } from '@hypershard/contract'
import type { CrossEncoder, Model } from '@hypershard/proto/encoder'
import { Activation } from '@hypershard/proto/qnet'
import type { DeviceMemory } from '@hypershard/proto/shard'
import { protocolVersion } from '@hypershard/proto/versions'
import type { z } from 'zod'
import type { UnservedIndex } from '../catalog/unserved-models.ts'
import type { ClusterDescription, DescribedServer } from '../cluster/describe-servers.ts'

export function readyJson(unserved: readonly UnservedIndex[]): z.input<typeof readySchema> {
  return { status: 'ready', indexes_without_model: [...unserved] }
}

const activations = {
  [Activation.ACTIVATION_RELU]: 'relu',
  [Activation.ACTIVATION_TANH]: 'tanh',
  [Activation.ACTIVATION_SIGMOID]: 'sigmoid',
  [Activation.ACTIVATION_GELU]: 'gelu',
  [Activation.ACTIVATION_LEAKY_RELU]: 'leaky_relu',
} as const

export function modelListJson({ models, crossEncoders }: ListedModels): z.input<typeof modelListSchema> {
  return { models: models.map(modelJson), cross_encoders: crossEncoders.map(crossEncoderJson) }
}

/** What the encoder services hold, of either kind. */
export interface ListedModels {
  readonly models: readonly Model[]
  readonly crossEncoders: readonly CrossEncoder[]
}

function crossEncoderJson(model: CrossEncoder): z.input<typeof modelListSchema>['cross_encoders'][number] {
  const { name, digest, description, license, source, languages, maxTokens, maxQueryTokens, bytes } = model
  const limits = { max_tokens: maxTokens, max_query_tokens: maxQueryTokens }
  return { name, digest, description, license, source, languages, ...limits, bytes }
}

function modelJson(model: Model, place: number): z.input<typeof modelSchema> {
  const { name, digest, description, license, source, languages, bytes } = model
  return {
    name,
    digest,
    description,
    license,
    source,
    languages,
    vector_width: model.vectorWidth,
    qnet: architectureJson(model),
    qnet_parameters: model.qnetParameters,
    max_query_tokens: model.maxQueryTokens,
    max_document_tokens: model.maxDocumentTokens,
    bytes,
    interprets: model.interprets,
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
  const { encoders, unserved, hedges, retries, view, servers, moves, unplaced } = description
  const { refusedByBudget, ...hedgeCounts } = hedges
  return {
    protocol_version: protocolVersion,
    encoders: encoders.map(({ downReason, protocolVersion: spoken, models, ...encoder }) => ({
      ...encoder,
      down_reason: downReason,
      protocol_version: spoken,
      models:
        models?.map(({ name, digest, documentKernel }) => ({ name, digest, document_kernel: documentKernel })) ?? null,
    })),
    indexes_without_model: unserved && [...unserved],
    hedges: { ...hedgeCounts, refused_by_budget: refusedByBudget },
    retries,
    view,
    servers: servers.map(serverJson),
    moves: moves.map(({ from, since, ...move }) => ({ ...move, from: [...from], since: timeOf(since) })),
    unplaced: unplaced.map(unplacedJson),
  }
}

function serverJson(server: DescribedServer): z.input<typeof clusterSchema>['servers'][number] {
  const { downReason, downSince, placedSince, facts, shards, ...others } = server
  return {
    ...others,
    down_reason: downReason,
    down_since: downSince === null ? null : timeOf(downSince),
    placed_since: placedSince === null ? null : timeOf(placedSince),
    device: facts?.device ?? null,
    protocol_version: facts?.protocolVersion ?? null,
    memory_bytes: facts?.memoryBytes ?? null,
    memory_free_bytes: facts?.memoryFreeBytes ?? null,
    device_memory: facts?.deviceMemory === undefined ? null : deviceMemoryJson(facts.deviceMemory),
    shards: [...shards],
  }
}

function deviceMemoryJson({ limitBytes, heldBytes, cpuSegments, cpuBytes }: DeviceMemory) {
  return { limit_bytes: limitBytes, held_bytes: heldBytes, cpu_segments: cpuSegments, cpu_bytes: cpuBytes }
}

export function unplacedJson(shard: ClusterDescription['unplaced'][number]) {
  const { index, generation, shard: number, neededBytes, replicas, placed, servers } = shard
  return {
    index,
    generation,
    shard: number,
    needed_bytes: neededBytes,
    replicas,
    placed,
    servers: servers.map(({ address, freeBytes }) => ({ address, memory_free_bytes: freeBytes })),
  }
}

function timeOf(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
