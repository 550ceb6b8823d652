import assert from 'node:assert/strict'
import { lookEveryMs } from './look-every.ts'

describe('how often to look at the store', () => {
  for (const { everyMs, hearing, expected } of [
    { everyMs: 60_000, hearing: true, expected: 60_000 },
    { everyMs: 60_000, hearing: false, expected: 1_000 },
    { everyMs: 20, hearing: false, expected: 20 },
    { everyMs: 20, hearing: true, expected: 20 },
  ]) {
    it(`is every ${expected} ms where ${everyMs} is set and ${hearing ? 'others are' : 'nobody is'} heard`, () => {
      assert.equal(lookEveryMs({ hearing }, everyMs), expected)
    })
  }
})
