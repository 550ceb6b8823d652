import assert from 'node:assert/strict'
import { AdmissionGate } from './admission-gate.ts'

describe('the admission gate', () => {
  it('turns away what comes on top of its tokens, and admits it once there is room', async () => {
    const gate = new AdmissionGate('queries', 10)
    const first = Promise.withResolvers<string>()
    const running = gate.admit(8, () => first.promise)
    await assert.rejects(
      gate.admit(3, async () => 'never'),
      { code: 'overloaded', message: /8 of 10 queue tokens are taken/ },
    )
    assert.equal(await gate.admit(2, async () => 'beside'), 'beside')
    first.resolve('first')
    assert.equal(await running, 'first')
    assert.equal(gate.tokens, 0)
    assert.equal(await gate.admit(10, async () => 'whole'), 'whole')
  })

  it('gives the tokens of failed work back', async () => {
    const gate = new AdmissionGate('queries', 10)
    const failing = gate.admit(10, () => Promise.reject(new Error('broken')))
    assert.equal(gate.tokens, 10)
    await assert.rejects(failing, /broken/)
    assert.equal(gate.tokens, 0)
  })

  it('says of a request that can never fit that it is too large, not that it should be tried again', async () => {
    const gate = new AdmissionGate('documents', 10)
    await assert.rejects(
      gate.admit(11, async () => 'never'),
      { code: 'request_too_large' },
    )
  })
})
