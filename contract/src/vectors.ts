/** Vectors and q-nets that come from outside, instead of an encoder service. */
import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { ownQNetBytesMax, vectorWidthMax } from './limits.ts'

const width = z.int().min(1).max(vectorWidthMax)

export const activations = ['relu', 'tanh', 'sigmoid', 'gelu', 'leaky_relu'] as const

/** The shape of every q-net of an index. */
export const qnetShapeSchema = z.strictObject({
  vector_dimensions: z
    .array(width)
    .min(2)
    .max(34)
    .describe('Layer widths from the document vector to the score; the last is 1.'),
  activation: z.enum(activations).default('relu'),
  layer_norm: z.boolean().default(false),
  layer_norm_before_residual: z.boolean().default(false),
  residual: z.boolean().default(false),
  residual_on_last: z.boolean().default(false),
})

/** Of an index whose model is `external`. */
export const externalVectorsSchema = z.strictObject({
  width: width.describe('How many numbers a vector has.'),
  scorer: z
    .union([z.literal('inner_product'), qnetShapeSchema])
    .default('inner_product')
    .describe('What scores documents: the inner product with a `vector`, or a `qnet` of this shape.'),
})

/** Base64 of f32 or f16, little-endian. */
const vectorCharactersMax = Math.ceil((vectorWidthMax * Float32Array.BYTES_PER_ELEMENT) / 3) * 4

const vectorBytes = z.string().min(1).max(vectorCharactersMax)

export const vectorPrecisions = ['f32', 'f16'] as const

export const vectorSchema = z
  .union(
    [
      z.array(z.number()).min(1).max(vectorWidthMax),
      vectorBytes,
      z.strictObject({ values: vectorBytes, precision: z.enum(vectorPrecisions) }),
    ],
    `must be 1 to ${vectorWidthMax} numbers, base64, or { values: base64, precision: ${vectorPrecisions.join(' or ')} }`,
  )
  .describe(
    'Numbers; or base64 of f32 or f16, little-endian, with its `precision`: where it stands alone, its length tells.',
  )

const qnetCharactersMax = Math.ceil(ownQNetBytesMax / 3) * 4
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')

export const qnetForms = ['weights', 'safetensors'] as const
export const qnetPrecisions = ['f32', 'f16', 'int8'] as const

export const qnetSchema = z
  .strictObject({
    weights: z.string().min(1).max(qnetCharactersMax).describe('Base64 (docs/formats/qnet-weights.md).'),
    form: z
      .enum(qnetForms)
      .default('weights')
      .describe('`safetensors`: a file with tensors `matrices.0`, `biases.0`, … in F32 or F16.'),
    precision: z.enum(qnetPrecisions).default('f32').describe('Of the form `weights`.'),
    architecture: qnetShapeSchema.optional().describe('If given, it must be that of the index.'),
    digest: sha256.optional().describe('If given, it must be that of the weights (docs/formats/qnet-weights.md).'),
    model: sha256.optional().describe('The digest of the model that made it; needed unless the model is `external`.'),
  })
  .describe('The q-net itself, instead of a query that is encoded.')

/** One line of sample q-nets. */
export const qnetSampleSchema = z
  .object({ id: z.string().optional(), qnet: qnetSchema.optional(), vector: vectorSchema.optional() })
  .strict()
  .refine(({ qnet, vector }) => (qnet === undefined) !== (vector === undefined), 'must have a `qnet` or a `vector`')

export type QNetSample = Immutable<z.input<typeof qnetSampleSchema>>
export type QNetShape = Immutable<z.output<typeof qnetShapeSchema>>
export type ExternalVectors = Immutable<z.output<typeof externalVectorsSchema>>
export type GivenVector = Immutable<z.output<typeof vectorSchema>>
export type GivenQNet = Immutable<z.output<typeof qnetSchema>>
