import assert from 'node:assert/strict'
import { pseudoRandomCase, tinyArchitecture } from '@hypershard/harness/qnets'
import { encodeWeights, qnetDigest } from '@hypershard/qnet'
import { WeightsMemory } from '../qnets/weights-memory.ts'
import { areKnownBad, checkWeightsOnce, expectGoodWeights, markGood } from './check-weights.ts'

describe('the check of weights', () => {
  const bytes = encodeWeights(tinyArchitecture, pseudoRandomCase(tinyArchitecture, 1, 1).weights, 'f32')
  const digest = qnetDigest(tinyArchitecture, 'f32', bytes)
  const taskOf = (of: string) => ({
    digest: of,
    architecture: tinyArchitecture,
    precision: 'f32' as const,
    weights: new WeightsMemory().copy(bytes),
  })

  it('accepts weights that hash to their digest, and refuses others each time they are used', () => {
    const good = taskOf(digest)
    checkWeightsOnce(good)
    expectGoodWeights(good)
    const other = taskOf('0'.repeat(64))
    checkWeightsOnce(other)
    for (const _ of [1, 2])
      assert.throws(() => expectGoodWeights(other), { code: 'invalid_request', message: /digest/ })
  })

  it('refuses values that are not finite, naming the tensor', () => {
    const spoilt = bytes.slice()
    new Float32Array(spoilt.buffer)[1] = Number.NaN
    const task = {
      digest: qnetDigest(tinyArchitecture, 'f32', spoilt),
      architecture: tinyArchitecture,
      precision: 'f32' as const,
      weights: new WeightsMemory().copy(spoilt),
    }
    assert.equal(areKnownBad(task), false)
    checkWeightsOnce(task)
    assert.equal(areKnownBad(task), true)
    assert.throws(() => expectGoodWeights(task), { code: 'invalid_request', message: /matrix 0 has a NaN/ })
  })

  it('is made once', () => {
    const task = taskOf(digest)
    checkWeightsOnce(task)
    task.weights.bytes[0]! ^= 1
    checkWeightsOnce(task)
    expectGoodWeights(task)
  })

  it('does not concern weights that this server made', () => {
    const made = taskOf('of token states')
    markGood(made.weights)
    checkWeightsOnce(made)
    expectGoodWeights(made)
  })
})
