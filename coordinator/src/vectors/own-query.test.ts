import assert from 'node:assert/strict'
import { qnetSchema } from '@hypershard/contract'
import { pseudoRandomWeights } from '@hypershard/harness/qnets'
import type { QNet } from '@hypershard/proto/qnet'
import {
  architectureFromKey,
  architectureKey,
  encodeWeights,
  innerProductOf,
  layerShapes,
  type NamedTensor,
  type QNetArchitecture,
  type QNetWeights,
  qnetDigest,
  writeSafetensors,
} from '@hypershard/qnet'
import { encodeOwnQuery, readOwnQuery, type ScoredBy } from './own-query.ts'

const architecture: QNetArchitecture = {
  vectorDimensions: [4, 3, 1],
  activation: 'gelu',
  layerNorm: true,
  layerNormBeforeResidual: false,
  residual: false,
  residualOnLast: false,
}
const model = 'a'.repeat(64)
const scored: ScoredBy = { architecture, modelDigest: model, ofModel: false }
const weights = pseudoRandomWeights(architecture, 7)
const bytes = encodeWeights(architecture, weights, 'f32')
const base64 = (values: Uint8Array) => Buffer.from(values).toString('base64')

function encode(given: object, by: ScoredBy = scored): QNet {
  const own = readOwnQuery('weights' in given ? { qnet: qnetSchema.parse(given) } : given)!
  return encodeOwnQuery(own, by).payload as QNet
}

describe('a q-net that comes with a search', () => {
  it('scores with the weights that it has, in whichever form', () => {
    const digest = qnetDigest(architecture, 'f32', bytes)
    for (const given of [
      { weights: base64(bytes), digest, model },
      { weights: base64(fileOf(weights)), form: 'safetensors' },
    ]) {
      const qnet = encode(given)
      assert.deepEqual([qnet.digest, qnet.modelDigest], [digest, model])
      assert.deepEqual(new Uint8Array(qnet.weights), bytes)
    }
    for (const precision of ['f16', 'int8'] as const) {
      const narrow = encodeWeights(architecture, weights, precision)
      const wide = new Float32Array(Uint8Array.from(encode({ weights: base64(narrow), precision }).weights).buffer)
      const exact = new Float32Array(bytes.buffer)
      wide.forEach((value, at) => {
        assert.ok(Math.abs(value - exact[at]!) < 0.02, `${precision}: weight ${at} is ${value}, not ${exact[at]}`)
      })
    }
  })

  it('is an inner product where it is a vector', () => {
    const linear = { architecture: innerProductOf(2), modelDigest: model, ofModel: false }
    const qnet = encode({ vector: [1, -0.5] }, linear)
    assert.deepEqual(new Float32Array(Uint8Array.from(qnet.weights).buffer), Float32Array.of(1, -0.5))
    assert.deepEqual(encode({ weights: base64(qnet.weights) }, linear), qnet)
  })

  it('is named by all of its content', () => {
    const nameOf = (given: object) => readOwnQuery('weights' in given ? { qnet: qnetSchema.parse(given) } : given)!.name
    const names = [{ vector: [1] }, { vector: [2] }, { weights: 'AAAA' }, { weights: 'AAAB' }]
    const all = [...names, { weights: 'AAAA', precision: 'f16' }].map(nameOf)
    assert.equal(new Set(all).size, all.length)
  })

  const notFinite = encodeWeights(architecture, weights, 'f32')
  new Float32Array(notFinite.buffer)[5] = Number.NaN
  const shape = { vector_dimensions: [4, 2, 1] }
  const others = new Map([...tensorsOf(weights)]).set('more', { shape: [1], data: Float32Array.of(1) })
  const turned = new Map(tensorsOf(weights)).set('matrices.0', { shape: [3, 4], data: weights.matrices[0]! })
  const faults: readonly [string, object, string, RegExp][] = [
    ['of another width', { weights: base64(bytes.subarray(4)) }, 'invalid_request', /qnet: .*bytes/],
    ['with a NaN', { weights: base64(notFinite) }, 'invalid_request', /matrix 0 has a NaN or infinite value/],
    ['cut off', { weights: base64(bytes).slice(0, -1) }, 'invalid_request', /qnet.weights: not base64, or cut off/],
    [
      'of another architecture',
      { weights: base64(bytes), architecture: shape },
      'invalid_request',
      /4-2-1:relu.*4-3-1/,
    ],
    [
      'of no architecture',
      { weights: 'AAAA', architecture: { vector_dimensions: [4, 2] } },
      'invalid_request',
      /last of/,
    ],
    ['altered', { weights: base64(bytes), digest: 'b'.repeat(64) }, 'invalid_request', /altered on the way/],
    ['of another model', { weights: base64(bytes), model: 'c'.repeat(64) }, 'model_mismatch', /digest of the index's/],
    ['that is no file', { weights: base64(bytes), form: 'safetensors' }, 'invalid_request', /header/],
    [
      'with a tensor more',
      { weights: base64(writeSafetensors(others)), form: 'safetensors' },
      'invalid_request',
      /: more/,
    ],
    [
      'turned round',
      { weights: base64(writeSafetensors(turned)), form: 'safetensors' },
      'invalid_request',
      /not \[4, 3\]/,
    ],
    ['as a vector', { vector: [1, 2, 3, 4] }, 'invalid_request', /q-nets of 4-3-1, not by inner product/],
  ]
  for (const [what, given, code, message] of faults) {
    it(`is refused ${what}`, () => assert.throws(() => encode(given), { code, message }))
  }

  it('must say of which model it is, where there is one', () => {
    const ofModel = { ...scored, ofModel: true }
    assert.throws(() => encode({ weights: base64(bytes) }, ofModel), { code: 'model_mismatch', message: /missing/ })
    assert.equal(encode({ weights: base64(bytes), model }, ofModel).modelDigest, model)
  })

  it('has an architecture that its key gives back', () => {
    assert.deepEqual(architectureFromKey(architectureKey(architecture)), architecture)
    for (const key of ['', '4:relu:0000', '4-2:relu:0000', '4-1:relu:000', '4-1:sine:0000', '04-1:relu:0000']) {
      assert.throws(() => architectureFromKey(key), { code: 'invalid_request' })
    }
  })
})

function tensorsOf({ matrices, biases }: QNetWeights): [string, NamedTensor][] {
  const shapes = layerShapes(architecture)
  return [
    ...matrices.map((data, at): [string, NamedTensor] => [
      `matrices.${at}`,
      { shape: [shapes[at]!.in, shapes[at]!.out], data },
    ]),
    ...biases.map((data, at): [string, NamedTensor] => [`biases.${at}`, { shape: [data.length], data }]),
  ]
}

function fileOf(of: QNetWeights): Uint8Array {
  return writeSafetensors(new Map(tensorsOf(of)))
}
