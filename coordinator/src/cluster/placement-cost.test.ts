import assert from 'node:assert/strict'
import type { SegmentEntry } from '@hypershard/storage'
import fc from 'fast-check'
import { costsOf, shardBytesOf } from './placement-cost.ts'

const megabyte = 2 ** 20

describe('the cost of shards', () => {
  for (const { title, bytes, costs } of [
    { title: 'one, where all are alike', bytes: [90, 100, 130, 70], costs: [1, 1, 1, 1] },
    { title: 'by their bytes, in steps of four', bytes: [100, 100, 100, 410, 1_500], costs: [1, 1, 1, 4, 16] },
    { title: 'a quarter for a quarter', bytes: [100, 100, 25], costs: [1, 1, 0.25] },
    { title: 'one for the smaller of two that differ by less than two', bytes: [100, 190], costs: [1, 1] },
    { title: 'the same for all that are tiny', bytes: [0, 0.001, 3.9, 4], costs: [1, 1, 1, 1] },
    { title: 'of no shard, none', bytes: [], costs: [] },
  ]) {
    it(`is ${title}`, () => assert.deepEqual(costsOf(bytes.map(of => of * megabyte)), costs))
  }

  it('does not change for a shard that grows with its index by a hash', () => {
    const growing = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(
        growing,
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.constantFrom(32, 768, 4_096),
        (luck, mean, width) => {
          // Six standard deviations of a hash's division, either way.
          const bytes = luck.map(of => Math.max(0, mean + 6 * of * Math.sqrt(mean)) * width * 5)
          assert.deepEqual(costsOf(bytes), new Array(luck.length).fill(1))
        },
      ),
    )
  })
})

describe('the bytes of shards', () => {
  it('are those of their rows as a shard server counts them', () => {
    const segment = (shard: number, documents: number) => ({ shard, documents }) as SegmentEntry
    const manifest = { shards: 3, vectorWidth: 8, segments: [segment(2, 100), segment(0, 9), segment(2, 7)] }
    const ofRows = (documents: number) => documents * 8 * 5 + 2 * 8 * 4 + 2 * Math.ceil(documents / 8)
    assert.deepEqual(shardBytesOf(manifest), [ofRows(9), 0, ofRows(100) + ofRows(7)])
  })
})
