import assert from 'node:assert/strict'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import { type Ranked, rankCandidates } from './rank-candidates.ts'
import { makeScanCopy, stretchRows } from './scan-copy.ts'
import type { ScanSegment } from './scan-segment.ts'
import { SharedPasses } from './shared-passes.ts'
import { vectorsInMemory } from './vector-rows.ts'

const width = 4
const segmentsMade = 3

describe('a ranking by tangent whose caller goes away', () => {
  let walks: number
  let reads: number
  let passes: SharedPasses

  beforeEach(() => {
    walks = 0
    reads = 0
    passes = new SharedPasses()
    const { grant } = passes
    passes.grant = wish => {
      reads++
      grant.call(passes, wish)
    }
  })

  /** Of two stretches, and with a graph that counts its walks. */
  function segmentOf(_: unknown, position: number): ScanSegment {
    const rows = stretchRows + 100
    const vectors = vectorsInMemory(pseudoRandomTensor(position + 1, rows * width, 1), width)
    const ids = { idBytes: (row: number) => Buffer.from(`${row}`) }
    const nearest = () => {
      walks++
      return [0]
    }
    const segment = { vectors, ids, scanCopy: makeScanCopy(vectors), graph: { nearest } }
    return { segment, position, excluded: undefined, eligible: rows }
  }

  /** @param turns how many it has before its caller has gone */
  function rank(turns: number, expansion: number | undefined): Promise<Ranked> {
    const segments = Array.from({ length: segmentsMade }, segmentOf)
    let left = turns
    const takeTurn = async (piece: () => Promise<void> | void) => {
      if (left-- === 0) return 'cancelled'
      await piece()
      return undefined
    }
    const tangents = async (points: Float32Array) => ({
      scores: new Float32Array(points.length / width),
      gradients: points.map(() => 1),
    })
    const wish = { kept: 5, expansions: segments.map(() => expansion), all: false, part: 0, of: 1 }
    return rankCandidates(segments, wish, { tangents, takeTurn, passes })
  }

  for (const { what, expansion, pieces, done } of [
    { what: 'walks of graphs', expansion: 10, pieces: segmentsMade, done: () => walks },
    { what: 'stretches', expansion: undefined, pieces: 2 * segmentsMade, done: () => reads },
  ]) {
    it(`ends between two ${what}`, async () => {
      // The first turn makes the tangents.
      for (let turns = 0; turns <= pieces; turns++) {
        walks = 0
        reads = 0
        const { stop } = await rank(turns, expansion)
        assert.deepEqual([stop, done()], ['cancelled', Math.max(0, turns - 1)])
      }
      walks = 0
      reads = 0
      assert.deepEqual([(await rank(1_000, expansion)).stop, done()], [undefined, pieces])
    })
  }
})
