import assert from 'node:assert/strict'
import { coreLayers, layerShapes, type QNetArchitecture, vectorWidth } from './architecture.ts'
import {
  blockRowsMin,
  compileActivationRanges,
  compileForward,
  compileOverflowProbe,
  type Int8Form,
  type ScoringPrecision,
  shiftedZeroPoint,
} from './compile/compile-forward.ts'
import { compileTangents } from './compile/compile-tangents.ts'
import { createOnnxSession, floatOutput, type InferenceSession, Tensor } from './onnx/session.ts'
import { quantiseWeights } from './weights/quantise-weights.ts'
import type { QNetWeights } from './weights/weights.ts'

/**
 * Rows scored in one run of the graph. Measured on AVX-512: 512 to 2,048 rows are within a few percent of each other,
 * 8,192 fall out of the cache and lose up to half; fewer rows answer a deadline sooner.
 */
export const blockRows = 512

/** The smallest range an activation is quantised over, so that a layer of zeros does not divide by zero. */
const rangeMin = 1e-6

/**
 * One thread a run. More would wait for each other after every operator, some 30 times a block, and onnxruntime can then
 * hand a thread a single row, which breaks bit equality; whoever has more cores runs more scorers on other blocks.
 */
const session = Object.freeze({ threads: 1 })

/**
 * Scores blocks of document vectors with q-nets of one architecture. Compiled once, then fed one query's weights after
 * the other. Runs block the calling thread (see `createOnnxSession`) and use no other: keep it in a worker.
 * @example
 * ```ts
 * const scorer = new QNetScorer(architecture)
 * const qnet = await scorer.prepareFp32(weights)
 * const scores = await qnet.score(vectors) // one score a row
 * ```
 */
export class QNetScorer {
  readonly architecture: QNetArchitecture
  readonly #forward: Readonly<Record<ScoringPrecision, () => Promise<InferenceSession>>>
  readonly #ranges: () => Promise<InferenceSession>
  readonly #tangents: () => Promise<InferenceSession>

  constructor(architecture: QNetArchitecture) {
    this.architecture = architecture
    this.#forward = {
      fp32: once(() => createOnnxSession(compileForward(architecture, 'fp32'), session)),
      int8: once(async () => createOnnxSession(compileForward(architecture, 'int8', await int8Form()), session)),
    }
    this.#ranges = once(() => createOnnxSession(compileActivationRanges(architecture), session))
    this.#tangents = once(() => createOnnxSession(compileTangents(architecture), session))
  }

  /** One query's q-net, ready to score in fp32. */
  async prepareFp32(weights: QNetWeights): Promise<BlockScorer> {
    return new BlockScorer(await this.#forward.fp32(), this.architecture, floatFeeds(this.architecture, weights))
  }

  /**
   * One query's q-net, ready to score with int8 products. The ranges that activations are quantised over are measured
   * on a sample, in fp32; the same sample everywhere makes the same scores everywhere.
   * @param sample f32 document vectors, row-major [rows, width]; at least one row
   */
  async prepareInt8(weights: QNetWeights, sample: Float32Array): Promise<BlockScorer> {
    const feeds = floatFeeds(this.architecture, weights)
    if (coreLayers(this.architecture).length > 0) {
      const ranges = await this.#activationRanges(feeds, sample)
      addQuantisedFeeds(this.architecture, weights, { ranges, form: await int8Form() }, feeds)
    }
    return new BlockScorer(await this.#forward.int8(), this.architecture, feeds)
  }

  /**
   * The q-net's tangent planes at some points: s(x) ~ s(c) + g (x - c).
   * @param points f32, row-major [count, width]; the same bits for a point beside whatever others
   * @returns s f32 [count], g f32 [count, width]; what is not finite in them comes from weights or points that are not
   */
  async tangents(weights: QNetWeights, points: Float32Array): Promise<Tangents> {
    const tangents = await this.#tangents()
    const width = vectorWidth(this.architecture)
    const count = points.length / width
    const documents = documentsTensor(
      this.architecture,
      count < blockRowsMin ? repeatRow(points, blockRowsMin) : points,
    )
    const outputs = await tangents.run(
      pick({ ...floatFeeds(this.architecture, weights), documents }, tangents.inputNames),
    )
    return {
      scores: floatOutput(outputs, 'scores').subarray(0, count),
      gradients: floatOutput(outputs, 'gradients').subarray(0, count * width),
    }
  }

  async #activationRanges(feeds: Feeds, sample: Float32Array): Promise<Float32Array> {
    const session = await this.#ranges()
    const inputs = pick({ ...feeds, documents: documentsTensor(this.architecture, sample) }, session.inputNames)
    const outputs = await session.run(inputs)
    return Float32Array.from(coreLayers(this.architecture), (_, index) =>
      Math.max(rangeMin, floatOutput(outputs, `range_${index}`)[0]!),
    )
  }
}

export interface Tangents {
  readonly scores: Float32Array
  /** Row-major [count, width]. */
  readonly gradients: Float32Array
}

/** One query's q-net over blocks of documents. */
export class BlockScorer {
  readonly #session: InferenceSession
  readonly #architecture: QNetArchitecture
  readonly #feeds: Feeds

  constructor(session: InferenceSession, architecture: QNetArchitecture, feeds: Feeds) {
    this.#session = session
    this.#architecture = architecture
    this.#feeds = pick(feeds, session.inputNames)
  }

  /**
   * Scores of a block, f32 [rows]; the same bits for a document in whatever block it stands.
   * @param documents f32 document vectors, row-major [rows, width], read in place; at most a few thousand rows
   */
  async score(documents: Float32Array): Promise<Float32Array> {
    const width = vectorWidth(this.#architecture)
    const rows = documents.length / width
    assert(Number.isInteger(rows), `a block of ${documents.length} values is no whole number of ${width}-wide vectors`)
    if (rows === 0) return new Float32Array(0)
    const padded = rows < blockRowsMin ? repeatRow(documents, blockRowsMin) : documents
    const outputs = await this.#session.run({ ...this.#feeds, documents: documentsTensor(this.#architecture, padded) })
    return floatOutput(outputs, 'scores').subarray(0, rows)
  }
}

/** Inputs of a graph, by name. */
export type Feeds = Record<string, Tensor>

/** Weights as the inputs of every fp32 graph. */
export function floatFeeds(architecture: QNetArchitecture, weights: QNetWeights): Feeds {
  const feeds: Feeds = {}
  for (const [index, shape] of layerShapes(architecture).entries()) {
    feeds[`matrix_${index}`] = new Tensor('float32', weights.matrices[index]!, [shape.in, shape.out])
    const bias = weights.biases[index]
    if (bias !== undefined) feeds[`bias_${index}`] = new Tensor('float32', bias, [shape.out])
  }
  return feeds
}

function addQuantisedFeeds(
  architecture: QNetArchitecture,
  weights: QNetWeights,
  { ranges, form }: { ranges: Float32Array; form: Int8Form },
  feeds: Feeds,
): void {
  const quantised = quantiseWeights(architecture, weights)
  for (const [index, shape] of coreLayers(architecture).entries()) {
    const { values, scales } = quantised.core[index]!
    const dimensions = [shape.in, shape.out]
    feeds[`matrix_${index}`] =
      form === 'plain' ? new Tensor('int8', values, dimensions) : new Tensor('uint8', shifted(values), dimensions)
    feeds[`scales_${index}`] = new Tensor('float32', scales, [shape.out])
    feeds[`range_${index}`] = new Tensor('float32', ranges.slice(index, index + 1), [])
  }
}

/** A loop: called back for every value this takes 0.1 µs a value, 15 ms of a small q-net. */
function shifted(values: Int8Array): Uint8Array {
  const shiftedValues = new Uint8Array(values.length)
  for (let at = 0; at < values.length; at++) shiftedValues[at] = values[at]! + shiftedZeroPoint
  return shiftedValues
}

function documentsTensor(architecture: QNetArchitecture, documents: Float32Array): Tensor {
  const width = vectorWidth(architecture)
  return new Tensor('float32', documents, [documents.length / width, width])
}

/** onnxruntime refuses inputs that a graph does not have. */
function pick(feeds: Feeds, names: readonly string[]): Feeds {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => names.includes(name)))
}

function repeatRow(row: Float32Array, times: number): Float32Array {
  const rows = new Float32Array(row.length * times)
  for (let index = 0; index < times; index++) rows.set(row, index * row.length)
  return rows
}

/** The form of int8 weights with which this machine's product is exact; see `Int8Form`. */
const int8Form = once(async (): Promise<Int8Form> => {
  const { graph, expected } = compileOverflowProbe()
  const probe = await createOnnxSession(graph, session)
  const outputs = await probe.run({ scale: new Tensor('float32', Float32Array.of(1), []) })
  return floatOutput(outputs, 'products').every(product => product === expected) ? 'plain' : 'shifted'
})

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}
