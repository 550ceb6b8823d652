import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import type { ShardResult } from '@hypershard/proto/shard'
import type { HeldRow, ScanAnswer, ScanRequest } from '../ports.ts'
import { addLeafScores } from './add-leaf-scores.ts'

const places = [
  { segment: 0, row: 4 },
  { segment: 0, row: 2 },
  { segment: 1, row: 4 },
]

describe('giving hits what their leaves say', () => {
  it('scores those again of which that is not known, and no others', async () => {
    const asked: HeldRow[] = []
    const backend = {
      leafScores: async (_: ScanRequest, rows: readonly HeldRow[]) => {
        asked.push(...rows)
        return { scores: Float32Array.of(7, 8), deciding: Uint8Array.of(1) }
      },
    }
    const scan = (hits: typeof places) => ({ hits: hits.map(place => ({ id: 'x', score: 1, ...place })) })
    const known = { scores: Float32Array.of(1, 2, 3, 4), deciding: Uint8Array.of(0, 1) }
    const answer = { scans: [{ ...scan(places.slice(0, 2)), leaves: known }, scan(places.slice(2))], queueMs: 0 }
    const keys = ['a', 'b'].map((key, position) => ({ key, position }))
    const results = [places.slice(0, 2), places.slice(2)].map(hits => ({ hits: hits.map(address => ({ address })) }))
    const scored = await addLeafScores(backend, results as unknown as ShardResult[], {
      work: { shards: [{ segments: keys }], composed: { leaves: [{}, {}] } } as unknown as ScanRequest,
      answer: answer as unknown as ScanAnswer,
      groups: [],
      sorted: [],
      deadline: Deadline.after(1_000),
    })
    assert.deepEqual(asked, [{ key: 'b', row: 4, passage: undefined }])
    assert.deepEqual(
      scored.flatMap(({ hits }) => hits.map(({ composed }) => composed)),
      [
        { scores: [1, 2], leaf: 0 },
        { scores: [3, 4], leaf: 1 },
        { scores: [7, 8], leaf: 1 },
      ],
    )
  })
})
