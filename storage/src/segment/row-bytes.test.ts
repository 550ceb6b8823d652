import assert from 'node:assert/strict'
import { rowBytesOf } from './row-bytes.ts'

describe('the bytes of rows', () => {
  for (const { vectors, bytes } of [
    { vectors: 'memory', bytes: 9 * 5 * 3 + 2 * 3 * 4 + 2 * 2 },
    { vectors: 'disk', bytes: 9 * 3 + 2 * 3 * 4 + 2 * 2 },
  ] as const) {
    it(`are those of vectors in ${vectors}, their copy and two versions' tombstones`, () => {
      assert.equal(rowBytesOf({ documents: 9, vectorWidth: 3 }, vectors), bytes)
    })
  }
})
