import assert from 'node:assert/strict'
import { readVector } from './read-vector.ts'

const bytesOf = (values: Float32Array | Float16Array) => Buffer.from(values.buffer)
const f32 = bytesOf(Float32Array.of(0.5, -2, 3.25))

describe('a vector from outside', () => {
  it('is the same as numbers, bytes and base64, and f16 stays that', () => {
    for (const given of [[0.5, -2, 3.25], f32, f32.toString('base64'), [{ rawJSON: '0.50' }, -2, 3.25].map(raw)]) {
      assert.deepEqual(readVector(given, 3), { values: Float32Array.of(0.5, -2, 3.25) })
    }
    assert.deepEqual(readVector({ values: f32, precision: 'f32' }, 3), { values: Float32Array.of(0.5, -2, 3.25) })
    const half = Float16Array.of(0.5, -2, 3.25)
    assert.deepEqual(readVector({ values: bytesOf(half), precision: 'f16' }, 3), { values: half })
    assert.deepEqual(readVector(bytesOf(half).toString('base64'), 3), { values: half })
  })

  const faults: readonly [string, unknown, RegExp][] = [
    ['too few numbers', [1, 2], /has 2 values, the index takes 3/],
    ['a number that is a text', [1, '2', 3], /value 1 is no number/],
    ['a number beyond 32 bits', [1, 2, 1e39], /value 2 is NaN, infinite, or beyond 32 bits/],
    ['NaN as bytes', bytesOf(Float32Array.of(1, Number.NaN, 2)), /value 1 is NaN/],
    ['an infinity in f16', bytesOf(Float16Array.of(1, 2, Number.POSITIVE_INFINITY)), /value 2 is NaN, infinite/],
    ['too many bytes', Buffer.alloc(16), /has 16 bytes, the index takes 3 values: 12 bytes of f32 or 6 bytes of f16/],
    [
      'f32 of half the width, where it is said to be that',
      { values: bytesOf(Float32Array.of(1, 2)), precision: 'f32' },
      /has 8 bytes, the index takes 4 values: 16 bytes of f32$/,
    ],
    ['an unknown precision', { values: f32, precision: 'f64' }, /precision: must be f32 or f16/],
    ['a precision of numbers', { values: [1, 2, 3], precision: 'f32' }, /precision: is of bytes/],
    ['half a base64', f32.toString('base64').slice(0, -3), /not base64/],
    ['base64 with another character in it', `${f32.toString('base64').slice(0, -1)}!`, /not base64/],
    ['an object', { x: 1 }, /must be an array of numbers, or base64/],
  ]
  for (const [what, given, says] of faults) {
    it(`is refused for ${what}`, () => {
      const read = readVector(given, what.startsWith('f32 of half') ? 4 : 3)
      assert.match('fault' in read ? read.fault : 'taken', says)
    })
  }
})

function raw(value: unknown): unknown {
  return typeof value === 'object' ? JSON.rawJSON((value as { rawJSON: string }).rawJSON) : value
}
