/**
 * q-nets as deep and wide as one likes that are as nearly linear as trained ones, and point where those point. Random layers
 * keep what goes through them; the larger their biases, the more these decide, and not the document, what ReLU lets through and
 * what layer norm divides by; a reflection of the first layer turns the gradient at the mean to where it shall point.
 */
import { coreLayers, layerShapes, type QNetArchitecture, QNetScorer, type QNetWeights } from '@hypershard/qnet'
import { mean, median } from '../statistics.ts'
import { dot, gaussianNumbers, type Matrix, rowOf, toLengthOne } from './matrices.ts'

/** The gradient moves with the point where it is taken, and that with the reflection. */
const turns = 3
const biasMax = 16
const halvings = 7

/** Random weights; biases are so many times as large as what they are added to. */
function randomWeights(architecture: QNetArchitecture, bias: number): QNetWeights {
  const { gaussian } = gaussianNumbers(2)
  const matrices = layerShapes(architecture).map(shape => {
    const deviation = shape.in ** -0.5
    return Float32Array.from({ length: shape.in * shape.out }, () => gaussian() * deviation)
  })
  // Documents have length 1; layer norms give the next layers one a dimension.
  const biases = coreLayers(architecture).map((shape, layer) => {
    const deviation = bias * (layer === 0 ? shape.in ** -0.5 : 1)
    return Float32Array.from({ length: shape.out }, () => gaussian() * deviation)
  })
  return { matrices, biases }
}

/** @param direction of length 1, that the gradient at `point` shall have */
async function pointedAt(
  scorer: QNetScorer,
  weights: QNetWeights,
  { direction, point }: { readonly direction: Float32Array; readonly point: Float32Array },
): Promise<QNetWeights> {
  let turned = weights
  for (let turn = 0; turn < turns; turn++) {
    const { gradients } = await scorer.tangents(turned, point)
    turned = reflected(turned, toLengthOne(gradients.slice()), direction)
  }
  return turned
}

/** The q-net of the documents' mirror images, where the mirror puts `to` on `from`; both of length 1. */
function reflected(weights: QNetWeights, from: Float32Array, to: Float32Array): QNetWeights {
  const normal = to.map((value, at) => value - from[at]!)
  if (dot(normal, normal) < 1e-12) return weights
  toLengthOne(normal)
  const [first, ...rest] = weights.matrices
  const columns = first!.length / normal.length
  const across = new Float32Array(columns)
  for (let row = 0; row < normal.length; row++) {
    for (let column = 0; column < columns; column++) across[column]! += normal[row]! * first![row * columns + column]!
  }
  const mirrored = first!.map((value, at) => value - 2 * normal[Math.floor(at / columns)]! * across[at % columns]!)
  return { matrices: [mirrored, ...rest], biases: weights.biases }
}

/** The share of the scores' variance over some documents that the tangent plane at their mean explains (R squared). */
export async function linearShare(scorer: QNetScorer, weights: QNetWeights, documents: Matrix): Promise<number> {
  const { gradients } = await scorer.tangents(weights, meanOf(documents))
  const scores = await (await scorer.prepareFp32(weights)).score(documents.values)
  const estimates = scores.map((_, row) => dot(gradients, rowOf(documents, row)))
  const [scoreMean, estimateMean] = [mean([...scores]), mean([...estimates])]
  let [unexplained, variance] = [0, 0]
  for (const [row, score] of scores.entries()) {
    unexplained += (score - scoreMean - (estimates[row]! - estimateMean)) ** 2
    variance += (score - scoreMean) ** 2
  }
  return 1 - unexplained / variance
}

export function meanOf({ values, columns }: Matrix): Float32Array {
  const sums = new Float64Array(columns)
  for (let at = 0; at < values.length; at++) sums[at % columns]! += values[at]!
  return Float32Array.from(sums, sum => sum / (values.length / columns))
}

export interface TrainedLike {
  /** A q-net whose gradient at the documents' mean points this way; of length 1. */
  readonly qnetOf: (direction: Float32Array) => Promise<QNetWeights>
  /** Median of some of them. */
  readonly linearShare: number
}

/**
 * @param directions to measure with
 * @param aim the linear share to come near to
 */
export async function trainedLike(
  architecture: QNetArchitecture,
  documents: Matrix,
  { directions, aim }: { readonly directions: readonly Float32Array[]; readonly aim: number },
): Promise<TrainedLike> {
  const scorer = new QNetScorer(architecture)
  const point = meanOf(documents)
  const withBias = async (bias: number): Promise<TrainedLike> => {
    const base = randomWeights(architecture, bias)
    const qnetOf = (direction: Float32Array) => pointedAt(scorer, base, { direction, point })
    const shares: number[] = []
    for (const direction of directions) shares.push(await linearShare(scorer, await qnetOf(direction), documents))
    return { qnetOf, linearShare: median(shares) }
  }
  let [low, high] = [0, biasMax]
  let best = await withBias(high)
  for (let halving = 0; halving < halvings; halving++) {
    const middle = (low + high) / 2
    const made = await withBias(middle)
    if (Math.abs(made.linearShare - aim) < Math.abs(best.linearShare - aim)) best = made
    if (made.linearShare < aim) low = middle
    else high = middle
  }
  return best
}
