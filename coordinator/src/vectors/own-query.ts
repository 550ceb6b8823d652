/** A query that comes as a vector or as the q-net itself: nothing is encoded for it. */
import { createHash } from 'node:crypto'
import { decodeBase64, FormatError, HypershardError, messageOf } from '@hypershard/common'
import { type GivenQNet, type GivenVector, ownQNetBytesMax } from '@hypershard/contract'
import { type QNet, WeightsPrecision } from '@hypershard/proto/qnet'
import {
  architectureKey,
  architectureToProto,
  decodeWeights,
  encodeWeights,
  type Precision,
  type QNetArchitecture,
  qnetDigest,
  vectorWidth,
} from '@hypershard/qnet'
import type { EncodedTextAndOrigin } from '../search/query-encoder.ts'
import { architectureOfShape } from './external-model-of.ts'
import { qnetOfSafetensors } from './qnet-of-safetensors.ts'
import { readVector } from './read-vector.ts'

/** What a search says instead of a query, and what names it: in cursors and kept answers its content stands as this. */
export type OwnQuery =
  | { readonly kind: 'vector'; readonly name: string; readonly vector: GivenVector }
  | { readonly kind: 'qnet'; readonly name: string; readonly qnet: GivenQNet; readonly bytes: Uint8Array }

/** What q-nets of a generation must be. */
export interface ScoredBy {
  readonly architecture: QNetArchitecture
  readonly modelDigest: string
  /** Whether the q-nets are of a model, so that one must say which. */
  readonly ofModel: boolean
}

/** @throws HypershardError `invalid_request` for a q-net that is not base64, `request_too_large` */
export function readOwnQuery({ vector, qnet }: { vector?: GivenVector | undefined; qnet?: GivenQNet | undefined }) {
  if (vector !== undefined) return { kind: 'vector', name: nameOf('vector', JSON.stringify(vector)), vector } as const
  if (qnet === undefined) return undefined
  const bytes = decodeBase64(qnet.weights)
  if (bytes === undefined) throw invalid('qnet.weights', 'not base64, or cut off; send all of it')
  if (bytes.length > ownQNetBytesMax) {
    const message = `qnet.weights: ${bytes.length} bytes, at most ${ownQNetBytesMax}; send them in f16 or int8`
    throw new HypershardError('request_too_large', message)
  }
  const { weights: _, ...facts } = qnet
  return { kind: 'qnet', name: nameOf(JSON.stringify(facts), bytes), qnet, bytes } as const
}

/**
 * The q-net to score with, in f32.
 * @throws HypershardError `invalid_request` for one of another width or architecture, with values that are not finite, or of
 *   another digest than it says; `model_mismatch` for one of another model
 */
export function encodeOwnQuery(own: OwnQuery, scored: ScoredBy): EncodedTextAndOrigin {
  const weights = own.kind === 'vector' ? weightsOfVector(own.vector, scored) : weightsOfQNet(own, scored)
  const { architecture, modelDigest } = scored
  const payload: QNet = {
    digest: qnetDigest(architecture, 'f32', weights),
    modelDigest,
    architecture: architectureToProto(architecture),
    precision: WeightsPrecision.WEIGHTS_PRECISION_F32,
    weights: Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength),
  }
  return { payload, truncated: false, tokens: 0, unknownTokens: 0, cached: false }
}

function weightsOfVector(vector: GivenVector, { architecture }: ScoredBy): Uint8Array {
  if (architecture.vectorDimensions.length > 2) {
    const shape = architecture.vectorDimensions.join('-')
    throw invalid('vector', `the index scores with q-nets of ${shape}, not by inner product; send a \`qnet\``)
  }
  const read = readVector(vector, vectorWidth(architecture))
  if ('fault' in read) throw invalid('vector', read.fault)
  return encodeWeights(architecture, { matrices: [Float32Array.from(read.values)], biases: [] }, 'f32')
}

function weightsOfQNet({ qnet, bytes }: Extract<OwnQuery, { kind: 'qnet' }>, scored: ScoredBy): Uint8Array {
  const { architecture } = scored
  const wanted = architectureKey(architecture)
  const given = qnet.architecture && architectureKey(architectureOfShape(qnet.architecture, 'qnet.architecture'))
  if (given !== undefined && given !== wanted) {
    throw invalid('qnet.architecture', `${given}, the index scores with ${wanted}`)
  }
  requireModel(qnet, scored)
  const precision: Precision = qnet.form === 'weights' ? qnet.precision : 'f32'
  try {
    const weights =
      qnet.form === 'weights' ? decodeWeights(architecture, bytes, precision) : qnetOfSafetensors(architecture, bytes)
    requireDigest(qnet, qnetDigest(architecture, precision, bytes))
    return encodeWeights(architecture, weights, 'f32')
  } catch (error) {
    const isFault =
      error instanceof FormatError || (error instanceof HypershardError && error.code === 'invalid_request')
    throw isFault ? invalid('qnet', messageOf(error), error) : error
  }
}

/** Vectors that another model made look like the index's own, and the hits would be nonsense. */
function requireModel({ model }: GivenQNet, { modelDigest, ofModel }: ScoredBy): void {
  if (model === modelDigest || (model === undefined && !ofModel)) return
  const message = `qnet.model: must be the digest of the index's model, ${modelDigest}; this is ${model ?? 'missing'}`
  throw new HypershardError('model_mismatch', message, {
    details: { indexModel: modelDigest, qnetModel: model ?? null },
  })
}

function requireDigest({ digest, form }: GivenQNet, found: string): void {
  if (digest === undefined) return
  if (form !== 'weights') throw invalid('digest', 'belongs to the form `weights`; leave it out')
  if (digest !== found)
    throw invalid('digest', `the weights have ${found}, not ${digest}; they were altered on the way`)
}

function nameOf(facts: string, content: string | Uint8Array): string {
  return createHash('sha256').update(`${facts}\n`).update(content).digest('base64')
}

function invalid(path: string, why: string, cause?: unknown): HypershardError {
  return new HypershardError('invalid_request', `${path}: ${why}`, { details: { path }, cause })
}
