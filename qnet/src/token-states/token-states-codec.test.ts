import assert from 'node:assert/strict'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import fc from 'fast-check'
import {
  decodeTokenStates,
  encodeTokenStates,
  roundTokenStates,
  tokenStatesBytes,
  tokenStatesDigest,
} from './token-states-codec.ts'

/** Of values that differ by orders of magnitude from place to place. */
function unevenStates(seed: number, tokens: number, width: number): Float32Array {
  return pseudoRandomTensor(seed, tokens * width, 1).map((value, at) => value * 10 ** ((at * 7) % 6))
}

describe('token states on the wire', () => {
  it('come back as they were where they are few', () => {
    const shape = fc.record({ tokens: fc.integer({ min: 1, max: 42 }), width: fc.integer({ min: 1, max: 390 }) })
    fc.assert(
      fc.property(shape, fc.nat(), ({ tokens, width }, seed) => {
        const states = unevenStates(seed, tokens, width)
        const bytes = encodeTokenStates(states, width)
        assert.equal(bytes.length, tokenStatesBytes({ tokens, width }))
        assert.deepEqual(decodeTokenStates(bytes, { tokens, width }), states)
      }),
      { numRuns: 30 },
    )
  })

  it('come back within a 65,000th of the largest of their 32 neighbours where they are many', () => {
    for (const [seed, width] of [768, 400, 33].entries()) {
      const tokens = Math.ceil(20_000 / width)
      const states = unevenStates(seed, tokens, width)
      const bytes = encodeTokenStates(states, width)
      assert.equal(bytes.length, tokenStatesBytes({ tokens, width }))
      const decoded = decodeTokenStates(bytes, { tokens, width })
      assert.deepEqual(roundTokenStates(states, width), decoded)
      for (let start = 0; start < states.length; start += width) {
        for (let from = 0; from < width; from += 32) {
          const slice = (of: Float32Array) => of.subarray(start + from, start + Math.min(from + 32, width))
          const largest = Math.max(...slice(states).map(Math.abs))
          for (const [at, value] of slice(states).entries()) {
            assert.ok(Math.abs(slice(decoded)[at]! - value) <= largest / 65_000, `${value}`)
          }
        }
      }
    }
  })

  it('are zero where a whole block is', () => {
    const states = new Float32Array(64 * 768)
    assert.deepEqual(roundTokenStates(states, 768), states)
  })

  it('take 49 KB for 32 tokens of width 384 and 104 KB for 64 of width 768', () => {
    assert.equal(tokenStatesBytes({ tokens: 32, width: 384 }), 49_152)
    assert.equal(tokenStatesBytes({ tokens: 64, width: 768 }), 104_448)
  })

  it('are refused when they are of another length or cannot be meant', () => {
    const few = { tokens: 2, width: 3 }
    const bytes = encodeTokenStates(Float32Array.of(1, 2, 3, 4, 5, 6), 3)
    for (const [broken, other] of [
      [bytes.subarray(1), few],
      [bytes, { tokens: 3, width: 3 }],
      [new Uint8Array(0), { tokens: 0, width: 3 }],
    ] as const) {
      assert.throws(() => decodeTokenStates(broken, other), { code: 'invalid_request' })
    }
    const many = { tokens: 64, width: 768 }
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => decodeTokenStates(encodeTokenStates(Float32Array.of(value), 1), { tokens: 1, width: 1 }), {
        code: 'invalid_request',
      })
      for (const scale of [value, -1]) {
        const altered = encodeTokenStates(unevenStates(1, 64, 768), 768)
        new Float32Array(altered.buffer, 2 * 64 * 768)[1] = scale
        assert.throws(() => decodeTokenStates(altered, many), { code: 'invalid_request' })
      }
    }
  })

  it('have an address of their own for every model, shape and content', () => {
    const bytes = encodeTokenStates(Float32Array.of(1, 2, 3, 4), 2)
    const other = encodeTokenStates(Float32Array.of(1, 2, 3, 5), 2)
    const digests = [
      tokenStatesDigest('a', { tokens: 2, width: 2 }, bytes),
      tokenStatesDigest('b', { tokens: 2, width: 2 }, bytes),
      tokenStatesDigest('a', { tokens: 1, width: 4 }, bytes),
      tokenStatesDigest('a', { tokens: 2, width: 2 }, other),
    ]
    assert.equal(new Set(digests).size, 4)
  })
})
