import {
  type DevicePrecision,
  largestHalf,
  largestHalfMax,
  largestValue,
  largestValueMax,
  type QNetArchitecture,
  type QNetWeights,
  readWeights,
} from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import { expectGoodWeights } from '../cpu/check-weights.ts'
import type { SharedQNet } from '../ports.ts'

/** Read q-nets kept: views of the shared weights, for the next shard or page. */
const qnetsMax = 64

interface ReadQNet {
  readonly weights: QNetWeights
  /** Values may leave f32, or f16 where products are in that, on the way to a score. */
  readonly tooLarge: boolean
}

/** Q-nets as the device's thread reads them. */
export class DeviceQNets {
  readonly #read = new LRUCache<number, ReadQNet>({ max: qnetsMax })
  /** What products are computed in. */
  precision: DevicePrecision = 'f32'
  /** Of all vectors that were held. */
  #magnitude = 0

  noteMagnitude(magnitude: number): void {
    if (magnitude <= this.#magnitude) return
    this.#magnitude = magnitude
    this.#read.clear()
  }

  /** @throws HypershardError `invalid_request` for weights that are others, or not finite */
  read(qnet: SharedQNet): ReadQNet {
    const known = this.#read.get(qnet.weights.copy)
    if (known !== undefined) return known
    expectGoodWeights(qnet)
    const weights = readWeights(qnet.architecture, qnet.weights.bytes, qnet.precision)
    const largest = largestValue(qnet.architecture, weights, this.#magnitude)
    const fits = largest <= largestValueMax && this.#fitsPrecision(qnet.architecture, weights)
    const read = { weights, tooLarge: !fits }
    this.#read.set(qnet.weights.copy, read)
    return read
  }

  /** Whether what lies on the device is in the range of what it computes in. */
  get vectorsFit(): boolean {
    return this.#magnitude <= (this.precision === 'f32' ? largestValueMax : largestHalfMax)
  }

  /** A vector times a power of two, so that it and its products stay in f16, and what that makes a product worth. */
  scaleVector(vector: Float32Array): { readonly vector: Float32Array; readonly unit: number } {
    let sum = 0
    for (let at = 0; at < vector.length; at++) sum += Math.abs(vector[at]!)
    const largest = sum * Math.max(1, this.#magnitude)
    if (largest === 0) return { vector, unit: 1 }
    const unit = 2 ** Math.ceil(Math.log2(largest / largestHalfMax))
    return { vector: vector.map(value => value / unit), unit }
  }

  #fitsPrecision(architecture: QNetArchitecture, weights: QNetWeights): boolean {
    return this.precision === 'f32' || largestHalf(architecture, weights, this.#magnitude) <= largestHalfMax
  }
}
