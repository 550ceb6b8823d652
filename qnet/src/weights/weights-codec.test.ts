import assert from 'node:assert/strict'
import { pseudoRandomWeights } from '@hypershard/harness/qnets'
import fc from 'fast-check'
import { parameterCount, type QNetArchitecture } from '../architecture.ts'
import type { QNetWeights } from './weights.ts'
import {
  decodeQuantisedWeights,
  decodeWeights,
  encodeWeights,
  precisionFromProto,
  qnetDigest,
  qnetToProto,
  weightsBytes,
  weightsPrecisions,
} from './weights-codec.ts'

const anyArchitecture: fc.Arbitrary<QNetArchitecture> = fc
  .array(fc.integer({ min: 1, max: 33 }), { minLength: 1, maxLength: 5 })
  .map(widths => ({ ...inner, vectorDimensions: [...widths, 1] }))

const inner: QNetArchitecture = {
  vectorDimensions: [8, 1],
  activation: 'relu',
  layerNorm: true,
  layerNormBeforeResidual: true,
  residual: false,
  residualOnLast: false,
}
const deep: QNetArchitecture = { ...inner, vectorDimensions: [8, 6, 5, 1] }

/** Matrices, then biases. */
function everyTensor(weights: QNetWeights): Float32Array[] {
  return [...weights.matrices, ...weights.biases]
}

describe('the codec of q-net weights', () => {
  it('gives f32 back bit for bit', () => {
    fc.assert(
      fc.property(anyArchitecture, fc.nat(), (architecture, seed) => {
        const weights = pseudoRandomWeights(architecture, seed)
        assert.deepEqual(decodeWeights(architecture, encodeWeights(architecture, weights, 'f32'), 'f32'), weights)
      }),
    )
  })

  it('rounds to f16 as the format rounds', () => {
    fc.assert(
      fc.property(anyArchitecture, fc.nat(), (architecture, seed) => {
        const weights = pseudoRandomWeights(architecture, seed)
        const decoded = decodeWeights(architecture, encodeWeights(architecture, weights, 'f16'), 'f16')
        assert.deepEqual(
          everyTensor(decoded),
          everyTensor(weights).map(tensor => tensor.map(value => Math.f16round(value))),
        )
      }),
    )
  })

  it('errs with int8 by at most half a step of the column, and leaves biases and the last matrix alone', () => {
    fc.assert(
      fc.property(anyArchitecture, fc.nat(), (architecture, seed) => {
        const weights = pseudoRandomWeights(architecture, seed)
        const bytes = encodeWeights(architecture, weights, 'int8')
        const decoded = decodeWeights(architecture, bytes, 'int8')
        assert.deepEqual(decoded.biases, weights.biases)
        assert.deepEqual(decoded.matrices.at(-1), weights.matrices.at(-1))
        for (const [index, { scales }] of decodeQuantisedWeights(architecture, bytes).core.entries()) {
          const [original, rounded] = [weights.matrices[index]!, decoded.matrices[index]!]
          for (const [place, value] of original.entries()) {
            const step = scales[place % scales.length]!
            assert(Math.abs(rounded[place]! - value) <= step * 0.5001)
          }
        }
      }),
    )
  })

  it('has no header: the size follows from the architecture', () => {
    assert.equal(weightsBytes(deep, 'f32'), 4 * parameterCount(deep))
    assert.equal(weightsBytes(deep, 'f16'), 2 * parameterCount(deep))
    // Two core layers: scales, int8 matrix rounded up to 4, bias; then the last matrix.
    assert.equal(weightsBytes(deep, 'int8'), 6 * 4 + 48 + 6 * 4 + (5 * 4 + 32 + 5 * 4) + 5 * 4)
  })

  it('refuses bytes of any other length', () => {
    for (const precision of weightsPrecisions) {
      const bytes = encodeWeights(deep, pseudoRandomWeights(deep, 1), precision)
      for (const wrong of [bytes.subarray(1), new Uint8Array(bytes.length + 1), new Uint8Array(0)]) {
        assert.throws(() => decodeWeights(deep, wrong, precision), { code: 'invalid_request', message: /belong/ })
      }
    }
  })

  for (const [title, spoil] of [
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
  ] as const) {
    it(`refuses ${title}, both ways`, () => {
      const weights = pseudoRandomWeights(deep, 1)
      weights.matrices[1]![3] = spoil
      assert.throws(() => encodeWeights(deep, weights, 'f32'), { code: 'invalid_request', message: /matrix 1/ })
      const bytes = encodeWeights(deep, pseudoRandomWeights(deep, 1), 'f32')
      new Float32Array(bytes.buffer)[0] = spoil
      assert.throws(() => decodeWeights(deep, bytes, 'f32'), { code: 'invalid_request', message: /matrix 0/ })
    })
  }

  it('refuses f16 for a weight that f16 cannot hold', () => {
    const weights = pseudoRandomWeights(inner, 1)
    for (const value of [70_000, -70_000, 65_505]) {
      weights.matrices[0]![0] = value
      assert.throws(() => encodeWeights(inner, weights, 'f16'), { code: 'invalid_request', message: /not fit f16/ })
    }
    for (const value of [65_504, -65_504]) {
      weights.matrices[0]![0] = value
      assert.equal(decodeWeights(inner, encodeWeights(inner, weights, 'f16'), 'f16').matrices[0]![0], value)
    }
  })

  it('reads bytes at any alignment', () => {
    for (const precision of weightsPrecisions) {
      const bytes = encodeWeights(deep, pseudoRandomWeights(deep, 9), precision)
      for (const by of [1, 2, 3]) {
        const shifted = new Uint8Array(bytes.length + by)
        shifted.set(bytes, by)
        assert.deepEqual(decodeWeights(deep, shifted.subarray(by), precision), decodeWeights(deep, bytes, precision))
      }
    }
  })

  it('encodes a column of zeros', () => {
    const weights = pseudoRandomWeights(deep, 2)
    weights.matrices[0]!.fill(0)
    assert.deepEqual(decodeWeights(deep, encodeWeights(deep, weights, 'int8'), 'int8').matrices[0], weights.matrices[0])
  })
})

describe('the digest of a q-net', () => {
  it('changes with any byte, the precision and the architecture', () => {
    const bytes = encodeWeights(deep, pseudoRandomWeights(deep, 1), 'f32')
    const digests = new Set([
      qnetDigest(deep, 'f32', bytes),
      qnetDigest(deep, 'f16', bytes),
      qnetDigest({ ...deep, activation: 'gelu' }, 'f32', bytes),
      qnetDigest({ ...deep, layerNorm: false }, 'f32', bytes),
      ...Array.from(bytes, (_, place) => {
        const altered = bytes.slice()
        altered[place]! ^= 1
        return qnetDigest(deep, 'f32', altered)
      }),
    ])
    assert.equal(digests.size, bytes.length + 4)
  })

  it('is that of the bytes on the wire', () => {
    const weights = pseudoRandomWeights(deep, 1)
    const message = qnetToProto(deep, weights, { precision: 'f16', modelDigest: 'm' })
    assert.deepEqual(Buffer.from(encodeWeights(deep, weights, 'f16')), message.weights)
    assert.equal(message.digest, qnetDigest(deep, 'f16', message.weights))
    assert.equal(precisionFromProto(message.precision), 'f16')
    assert.throws(() => precisionFromProto(99 as never), { code: 'invalid_request' })
  })
})
