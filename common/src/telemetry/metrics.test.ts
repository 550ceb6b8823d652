import assert from 'node:assert/strict'
import { byLabel, only, quietMeter } from './metrics.ts'

describe('readings', () => {
  it('are one of a value without labels, and none of what there is not', () => {
    assert.deepEqual(only(0), [{ labels: {}, value: 0 }])
    assert.deepEqual(only(undefined), [])
  })

  it('are one for each value of a label', () => {
    assert.deepEqual(byLabel('state', { live: 2, down: 0 }), [
      { labels: { state: 'live' }, value: 2 },
      { labels: { state: 'down' }, value: 0 },
    ])
  })
})

describe('a meter that counts nothing', () => {
  it('says so, and never reads', () => {
    const metric = { kind: 'gauge', name: 'hypershard_x', help: 'X.', labels: [] } as const
    quietMeter.read(metric, () => assert.fail('read'))
    assert.equal(quietMeter.counting, false)
  })
})
