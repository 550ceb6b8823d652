import assert from 'node:assert/strict'
import { layerShapes, type QNetArchitecture, vectorWidth } from './architecture.ts'
import { compileRanking, type DevicePrecision, leftOutScore } from './compile/compile-ranking.ts'
import { createDeviceSession, type DeviceProvider } from './onnx/device-session.ts'
import { floatOutput, type InferenceSession, Tensor } from './onnx/session.ts'
import type { Feeds } from './score-documents.ts'
import type { DeviceWeights } from './upload-weights.ts'

/** Which rows are wanted of documents that lie on a device. */
export interface RankingWish {
  /** One byte a row: 1 for those that may be found. */
  readonly allowed: Uint8Array
  /** Rows that score more are left out. */
  readonly ceiling: number
  readonly count: number
}

/** Rows and what the device scored them, best first: as many as were wanted or as there are. */
export interface RankedRows {
  readonly rows: Int32Array
  readonly scores: Float32Array
}

/**
 * Documents that lie on a device, and the compiled q-net that ranks them there. A device's scores are near the CPU's and not
 * the same bits: whoever wants the exact answer scores the best again.
 */
export class DocumentsOnDevice {
  readonly #session: InferenceSession
  readonly #rows: number
  /** What stands for weights in a run that reads none. */
  readonly #noWeights: Feeds

  private constructor(session: InferenceSession, rows: number, noWeights: Feeds) {
    this.#session = session
    this.#rows = rows
    this.#noWeights = noWeights
  }

  /** @param documents f32, row-major [rows, width]; they are copied to the device and not needed any more */
  static async open(
    architecture: QNetArchitecture,
    documents: Float32Array,
    provider: DeviceProvider,
    precision: DevicePrecision = 'f32',
  ): Promise<DocumentsOnDevice> {
    const graph = compileRanking(architecture, documents, precision)
    const session = await createDeviceSession(graph, provider, { keepConstants: precision === 'f16' })
    return new DocumentsOnDevice(session, documents.length / vectorWidth(architecture), noWeights(architecture))
  }

  /** @param weights of the same device */
  rank({ feeds: weights }: DeviceWeights, wish: RankingWish): Promise<RankedRows> {
    return this.#run({ ...weights, by_vector: oneBoolean(false), vector: oneFloat([1, 1]) }, wish)
  }

  /** By inner products with a vector, f32 [width]. In f16 vector and products are to be in its range. */
  rankByVector(vector: Float32Array, wish: RankingWish): Promise<RankedRows> {
    const column = new Tensor('float32', vector, [vector.length, 1])
    return this.#run({ ...this.#noWeights, by_vector: oneBoolean(true), vector: column }, wish)
  }

  async #run(ranking: Feeds, { allowed, ceiling, count }: RankingWish): Promise<RankedRows> {
    assert(allowed.length === this.#rows, `${allowed.length} bytes say which of ${this.#rows} rows may be found`)
    const feeds: Feeds = {
      ...ranking,
      allowed: new Tensor('bool', allowed, [this.#rows]),
      ceiling: new Tensor('float32', Float32Array.of(ceiling), []),
      count: new Tensor('int64', BigInt64Array.of(BigInt(Math.min(count, this.#rows))), [1]),
    }
    const outputs = await this.#session.run(feeds)
    const scores = floatOutput(outputs, 'best_scores')
    const rows = Int32Array.from(outputs.best_rows!.data as BigInt64Array, Number)
    const leftOut = scores.indexOf(Math.fround(leftOutScore))
    const found = leftOut === -1 ? rows.length : leftOut
    return { rows: rows.slice(0, found), scores: scores.slice(0, found) }
  }

  release(): Promise<void> {
    return this.#session.release()
  }
}

function noWeights(architecture: QNetArchitecture): Feeds {
  const feeds: Feeds = {}
  const shapes = layerShapes(architecture)
  for (const index of shapes.keys()) {
    feeds[`matrix_${index}`] = oneFloat([1, 1])
    if (index < shapes.length - 1) feeds[`bias_${index}`] = oneFloat([1])
  }
  return feeds
}

function oneFloat(shape: readonly number[]): Tensor {
  return new Tensor('float32', new Float32Array(1), shape)
}

function oneBoolean(value: boolean): Tensor {
  return new Tensor('bool', Uint8Array.of(Number(value)), [])
}
