import assert from 'node:assert/strict'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import type { Tangents } from '@hypershard/qnet'
import { tangentsOf } from './kept-tangents.ts'
import { makeScanCopy } from './scan-copy.ts'
import type { ScanSegment } from './scan-segment.ts'
import { vectorsInMemory } from './vector-rows.ts'

const width = 4

function segmentOf(seed: number): ScanSegment {
  const vectors = vectorsInMemory(pseudoRandomTensor(seed, 3 * width, 1), width)
  const ids = { idBytes: (row: number) => Buffer.from(`${seed}-${row}`) }
  const segment = { vectors, ids, starts: undefined, scanCopy: makeScanCopy(vectors), graph: undefined }
  return { segment, position: seed, excluded: undefined, eligible: 3 }
}

describe('tangents that were made before', () => {
  const [one, two, three] = [segmentOf(1), segmentOf(2), segmentOf(3)]
  let points: number[]
  beforeEach(() => {
    points = []
  })

  /** Tangents that are those of their point and q-net. */
  const maker =
    (slope: number) =>
    async (at: Float32Array): Promise<Tangents> => {
      const count = at.length / width
      points.push(count)
      const scores = Float32Array.from({ length: count }, (_, row) => slope * at[row * width]!)
      return { scores, gradients: at.map(value => value * slope) }
    }

  it('are those of their q-net and segment, and made once', async () => {
    const first = await tangentsOf(-1, [one, two], maker(2))
    assert.deepEqual(points, [2])
    assert.deepEqual(await tangentsOf(-1, [two, one], maker(9)), {
      scores: first.scores.toReversed(),
      gradients: Float32Array.of(...first.gradients.subarray(width), ...first.gradients.subarray(0, width)),
    })
    const wider = await tangentsOf(-1, [one, three, two], maker(2))
    assert.deepEqual(points, [2, 1])
    assert.deepEqual(wider.scores[1], Math.fround(2 * three.segment.scanCopy.mean[0]!))
    assert.deepEqual([wider.scores[0], wider.scores[2]], [...first.scores])
    const other = await tangentsOf(-2, [one], maker(3))
    assert.equal(other.scores[0], Math.fround(3 * one.segment.scanCopy.mean[0]!))
  })

  it('are made again where one is none', async () => {
    const none = await tangentsOf(-3, [one], maker(Number.NaN))
    assert(Number.isNaN(none.scores[0]))
    await tangentsOf(-3, [one], maker(Number.NaN))
    assert.deepEqual(points, [1, 1])
  })

  it('are nothing of no segments', async () => {
    assert.deepEqual(await tangentsOf(-4, [], maker(1)), {
      scores: new Float32Array(0),
      gradients: new Float32Array(0),
    })
    assert.deepEqual(points, [])
  })
})
