import assert from 'node:assert/strict'
import { Deadline, silentLogger } from '@hypershard/common'
import { pseudoRandomTensor, publishedArchitecture } from '@hypershard/harness/qnets'
import type { ScanRequest, SegmentToHold } from '../../ports.ts'
import { exactScan, segmentOf, wholeShard } from '../../testing/device-rows.ts'
import { ScoringPool } from '../scoring-pool.ts'
import type { Expression } from './expression.ts'

const width = 16
const architecture = publishedArchitecture(width, 1)
const leaf = (at: number, weight = 1): Expression => ({ kind: 'leaf', leaf: at, weight })

/** Documents of one, two and three passages in turns. */
function withPassages(key: string, documents: number): SegmentToHold {
  const starts = new Int32Array(new SharedArrayBuffer((documents + 1) * 4))
  for (let row = 0; row < documents; row++) starts[row + 1] = starts[row]! + 1 + (row % 3)
  const { ids, ...segment } = segmentOf(key, { rows: starts[documents]!, width, seed: 4 })
  return { ...segment, vectorStarts: starts, ids: { ...ids, offsets: ids.offsets.subarray(0, documents + 1) } }
}

describe('what leaves say of hits that were candidates', () => {
  const segments = [
    segmentOf('plain', { rows: 300, width, seed: 1, repeats: 200 }),
    segmentOf('other', { rows: 150, width, seed: 2 }),
    withPassages('passages', 180),
  ]
  const shards = segments.map((segment, shard) => wholeShard(shard, [segment]))
  let pool: ScoringPool
  before(async () => {
    pool = new ScoringPool({ threads: 1, log: silentLogger(), onDeath: error => assert.fail(error) })
    for (const segment of segments) await pool.hold(segment)
  })
  after(() => pool.close())

  const expressions: readonly Expression[] = [
    { kind: 'any', weight: 1, nodes: [leaf(0), leaf(1), leaf(2, 0.5)], excluded: [] },
    { kind: 'all', weight: 1, nodes: [leaf(0), leaf(1)], excluded: [{ weight: 1, node: leaf(2) }] },
  ]
  for (const expression of expressions) {
    it(`is, under \`${expression.kind}\`, what they say when hits are scored again, to the bit`, async () => {
      const leaves = [1, 2, 3].map(seed => exactScan(architecture, shards, { seed }).qnet)
      const sample = { key: 'sample', vectors: pseudoRandomTensor(9, 200 * width, 1) }
      const request: ScanRequest = {
        ...exactScan(architecture, shards, { seed: 1, plan: { kind: 'tangent', candidates: 40 } }),
        composed: { leaves, expression, sample },
      }
      const { scans } = await pool.scan(request, Deadline.after(30_000))
      for (const { shard, hits, leaves: kept, plan } of scans) {
        const { key } = segments[shard]!
        assert.deepEqual([plan, hits.length], ['tangent', 10])
        const rows = hits.map(({ row, passage }) => ({ key, row, passage }))
        assert.deepEqual(kept, await pool.leafScores(request, rows, Deadline.after(30_000)))
      }
    })
  }
})
