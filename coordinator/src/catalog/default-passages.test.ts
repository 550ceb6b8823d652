import assert from 'node:assert/strict'
import { FakeEncoder } from '@hypershard/harness'
import type { EncoderState } from '../ports.ts'
import { defaultPassages } from './default-passages.ts'

describe('the passages of an index of which nothing is said', () => {
  const { models } = new FakeEncoder()
  const state = (protocolVersion: number | null, own: EncoderState['models'] = models): EncoderState => ({
    address: 'a:1',
    live: true,
    downReason: null,
    draining: false,
    weight: 1,
    outstanding: 0,
    waiting: null,
    protocolVersion,
    models: own,
  })
  const passages = (...encoders: EncoderState[]) => defaultPassages(models[0]!.digest, encoders)

  it('are cut where every encoder service that has the model can cut', () => {
    assert.deepEqual(passages(state(2), state(3)), { overlap: 0.125 })
    assert.deepEqual(passages(state(2), state(1, models.slice(1)), state(null, null)), { overlap: 0.125 })
  })

  it('are not while one of them is of a version that cannot', () => {
    assert.equal(passages(state(2), state(1)), undefined)
    assert.equal(passages(state(null)), undefined)
  })
})
