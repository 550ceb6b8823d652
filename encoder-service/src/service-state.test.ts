import assert from 'node:assert/strict'
import { VirtualClock } from '@hypershard/harness'
import { ServiceState } from './service-state.ts'

describe('an encoder service that was told to stop', () => {
  let clock: VirtualClock
  let state: ServiceState

  beforeEach(() => {
    clock = new VirtualClock()
    state = new ServiceState(clock, 'cpu')
  })

  it('says that it is draining, and goes on for a while when it was asked lately', async () => {
    assert.deepEqual(state.answer(), { protocolVersion: 2, draining: false })
    let over = false
    const draining = state.drain(1_000).then(() => {
      over = true
    })
    assert.deepEqual([state.answer().draining, state.describe().draining], [true, true])
    await clock.advance(999)
    assert.equal(over, false)
    void clock.advance(1).catch(() => undefined)
    await draining
  })

  it('waits for nobody when nobody asked lately', async () => {
    await state.drain(1_000)
    assert.equal(state.describe().draining, true)
  })
})
