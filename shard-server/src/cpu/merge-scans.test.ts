import assert from 'node:assert/strict'
import { nothingScanned } from '@hypershard/common'
import type { ShardScan } from '../ports.ts'
import { mergeScans } from './merge-scans.ts'

const part = (change: Partial<ShardScan>): ShardScan => ({
  shard: 3,
  hits: [],
  ...nothingScanned,
  plan: 'exact',
  nonFiniteScores: 0,
  stop: 'complete',
  scoreMs: 1,
  ...change,
})

describe('scans of parts of a shard', () => {
  it('are one of the whole: the best of all, and everything that was counted', () => {
    const hit = (id: string, score: number) => ({ id, score, segment: 0, row: 0 })
    const { hits, documentsScored, nonFiniteScores, beforeCount, stop, scoreMs } = mergeScans(
      [
        part({ hits: [hit('b', 2), hit('d', 1)], documentsScored: 5, nonFiniteScores: 1, beforeCount: 2, scoreMs: 7 }),
        part({ hits: [hit('a', 2)], documentsScored: 4, beforeCount: 3, stop: 'deadline' }),
        part({ documentsScored: 1 }),
      ],
      2,
    )
    assert.deepEqual(
      hits.map(({ id }) => id),
      ['a', 'b'],
    )
    assert.deepEqual([documentsScored, nonFiniteScores, beforeCount, stop, scoreMs], [10, 1, 5, 'deadline', 7])
  })
})
