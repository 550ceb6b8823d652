import assert from 'node:assert/strict'
import { toldBytes, toldMs, toldScore, toldSeconds, toldShare } from './numbers.ts'

describe('numbers as people read them', () => {
  it('have a unit that fits', () => {
    assert.deepEqual([0, 1_023, 1_536, 2 ** 30].map(toldBytes), ['0 B', '1,023 B', '1.5 KiB', '1 GiB'])
    assert.deepEqual([0.8342, 12.34, 234.5, 2_500].map(toldMs), ['0.83 ms', '12 ms', '235 ms', '2.5 s'])
    assert.deepEqual([12, 90, 3_720, 400_000].map(toldSeconds), ['12 s', '2 min', '1 h 2 min', '5 days'])
  })

  it('say all only of all', () => {
    assert.deepEqual([1, 0.99999, 0.5, 0].map(toldShare), ['100 %', '99.9 %', '50 %', '0 %'])
  })

  it('say of a score that is none that it is none', () => {
    assert.deepEqual([0.5, null].map(toldScore), ['0.5000', 'not finite'])
  })
})
