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

  #fitsPrecision(architecture: QNetArchitecture, weights: QNetWeights): boolean {
    return this.precision === 'f32' || largestHalf(architecture, weights, this.#magnitude) <= largestHalfMax
  }
}
