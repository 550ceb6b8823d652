import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { shardOf } from './shard-of.ts'

describe('shardOf', () => {
  it('is the first 8 bytes of the SHA-256, modulo the shards', () => {
    const oracle = (id: string, shards: number) =>
      Number(createHash('sha256').update(id, 'utf8').digest().readBigUInt64BE(0) % BigInt(shards))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 65536 }), (id, shards) => {
        assert.equal(shardOf(id, shards), oracle(id, shards))
      }),
    )
  })

  it('never changes, since indexes on disk depend on it', () => {
    const places = ['', 'a', 'astronomy-03', 'żółw', '😀'].map(id => shardOf(id, 256))
    // Computed with Python's hashlib.
    assert.deepEqual(places, [20, 202, 94, 143, 71])
  })

  it('spreads ids evenly', () => {
    const counts = new Array(8).fill(0)
    for (let number = 0; number < 8000; number++) counts[shardOf(`document-${number}`, 8)]++
    assert(Math.min(...counts) > 900 && Math.max(...counts) < 1100, String(counts))
  })
})
