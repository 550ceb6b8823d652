import assert from 'node:assert/strict'
import { casesOf, Random } from '@hypershard/harness'
import { segmentOf } from '../testing/device-rows.ts'
import { estimateVectors, measuredVectors } from './estimate-vectors.ts'
import { scanStretch } from './scan-copy.ts'
import { idsOf, type ScanSegment } from './scan-segment.ts'
import { floatPlanesOf } from './tangent-planes.ts'
import { vectorsInMemory } from './vector-rows.ts'

describe('estimateVectors', () => {
  it('gives the estimates of a whole scan, and products within the bound of them', async () => {
    for (let seed = 0; seed < casesOf({ usual: 30, thorough: 1_000 }); seed++) {
      const random = new Random(seed)
      const [rows, width] = [1 + random.below(200), 1 + random.below(40)]
      const segments = [0, 1].map((at): ScanSegment => {
        const { vectors, ids, scanCopy } = segmentOf(`s${at}`, { rows, width, seed: seed * 2 + at })
        const segment = {
          vectors: vectorsInMemory(vectors as Float32Array, width),
          ids: idsOf(ids),
          scanCopy,
          graph: undefined,
        }
        return { segment, position: at, excluded: undefined, eligible: rows }
      })
      const gradients = Float32Array.from({ length: 2 * width }, () => random.next() - 0.5)
      const scores = Float32Array.of(random.next(), random.next())
      const planes = await floatPlanesOf(segments, async () => ({ scores, gradients }))
      const vectors = Array.from({ length: rows }, () => ({ segment: random.below(2), vector: random.below(rows) }))
      const { estimates, products } = estimateVectors(segments, planes, vectors)
      assert.equal(products.length, Math.min(rows, measuredVectors))
      for (const [at, { segment, vector }] of vectors.entries()) {
        const { query, offset, bound } = planes[segment]!
        const [all] = scanStretch(segments[segment]!.segment.scanCopy.stretches[0]!, [query!], rows)
        const expected = all!.find(({ row }) => row === vector)!.product
        assert.equal(estimates[at], expected + offset, `seed ${seed}`)
        if (at < products.length) assert(Math.abs(products[at]! - expected) <= bound, `seed ${seed}`)
      }
    }
  })
})
