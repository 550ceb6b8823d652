import assert from 'node:assert/strict'
import { casesOf, Random } from '@hypershard/harness'
import { bestOf, type Candidate } from '../cpu/rank-candidates.ts'
import { ownerOf } from '../cpu/stretch-rows.ts'
import type { RankedChunk } from './messages.ts'
import { type DeviceRankSteps, type DeviceTangentSegment, rankOnDevice } from './rank-on-device.ts'

/** A segment's vectors: what the CPU estimates of each, what their inner product is, and what the device says that is. */
interface TestSegment extends DeviceTangentSegment {
  readonly estimates: readonly number[]
  readonly products: readonly number[]
  readonly onDevice: readonly number[]
}

interface Off {
  /** Estimates are off by as much, by int8 copies, and by how much less than the bound says. */
  readonly bound: number
  readonly device: number
}

function segmentAtRandom(random: Random, { bound, device }: Off, copies: boolean): TestSegment {
  const vectors = 1 + random.below(90)
  const offset = random.next()
  const values = Array.from({ length: vectors }, (_, at) => (copies && at % 2 === 0 ? 0.75 : random.next()))
  const products = values.map(value => value + bound * (2 * random.next() - 1))
  const starts = [0]
  while (starts.at(-1)! < vectors) starts.push(Math.min(vectors, starts.at(-1)! + 1 + random.below(3)))
  return {
    plane: { query: undefined, vector: new Float32Array(0), offset, bound },
    starts: random.below(2) === 0 ? undefined : Int32Array.from(starts),
    estimates: values.map(value => value + offset),
    products,
    onDevice: products.map(product => product + device * (2 * random.next() - 1)),
  }
}

/** No thread, no vectors: chunks of 40. */
function stepsOver(segments: readonly TestSegment[]): DeviceRankSteps {
  return {
    rank: async ({ count }) => {
      const chunks = segments.flatMap(({ onDevice }, segment) => {
        const found: RankedChunk[] = []
        for (let first = 0; first < onDevice.length; first += 40) {
          const rows = [...onDevice.keys()].slice(first, first + 40).sort((a, b) => onDevice[b]! - onDevice[a]!)
          const best = rows.slice(0, count)
          const left = rows.length > count ? onDevice[rows[count]!]! : Number.NEGATIVE_INFINITY
          const scores = Float32Array.from(best, row => onDevice[row]!)
          found.push({ segment, vectors: Int32Array.from(best), scores, left, eligible: rows.length })
        }
        return found
      })
      return { chunks, stop: undefined, tooLarge: false }
    },
    estimate: async vectors => ({
      estimates: Float64Array.from(vectors, ({ segment, vector }) => segments[segment]!.estimates[vector]!),
      products: Float64Array.from(vectors.slice(0, 64), found => segments[found.segment]!.products[found.vector]!),
      stop: undefined,
    }),
  }
}

function bestByEstimate(segments: readonly TestSegment[], kept: number): Candidate[] {
  const all = segments.flatMap(({ estimates, starts }, segment) =>
    estimates.map((estimate, vector) => ({ segment, row: ownerOf(starts, vector), estimate })),
  )
  return bestOf(all, kept, true)
}

describe('rankOnDevice', () => {
  it('finds the candidates that the CPU’s estimates rank first, or says that it cannot tell', async () => {
    const ends: Record<string, number> = { certain: 0, widened: 0, gap: 0 }
    for (let seed = 0; seed < casesOf({ usual: 300, thorough: 10_000 }); seed++) {
      const random = new Random(seed)
      const off = { bound: random.pick([0, 1e-3, 0.05, 0.3]), device: random.pick([0, 1e-6, 0.001, 0.05]) }
      const copies = random.below(4) === 0
      const segments = Array.from({ length: 1 + random.below(4) }, () => segmentAtRandom(random, off, copies))
      const kept = 1 + random.below(20)
      const found = await rankOnDevice(segments, stepsOver(segments), kept)
      const expected = bestByEstimate(segments, kept)
      if (typeof found === 'string') {
        ends[found]!++
        continue
      }
      ends[found.widened ? 'widened' : 'certain']!++
      assert.deepEqual(found.ranked.candidates, expected, `seed ${seed}`)
      assert.equal(
        found.ranked.scanned,
        segments.reduce((sum, { estimates }) => sum + estimates.length, 0),
      )
    }
    assert(ends.certain! > 100 && ends.widened! > 3 && ends.gap! > 3, JSON.stringify(ends))
  })

  it('leaves it to the CPU which of a stretch’s equal documents are candidates, where it takes some of them', async () => {
    const alike = (count: number): TestSegment => {
      const values = Array.from({ length: 60 }, (_, at) => (at < count ? 1 : at / 1_000))
      const plane = { query: undefined, vector: new Float32Array(0), offset: 0, bound: 0 }
      return { plane, starts: undefined, estimates: values, products: values, onDevice: values }
    }
    for (const [counts, expected] of [
      [[10], 'certain'],
      [[11], 'gap'],
      // Of either stretch no more than are wanted: the CPU has both lists whole.
      [[10, 10], 'certain'],
    ] as const) {
      const segments = counts.map(alike)
      const found = await rankOnDevice(segments, stepsOver(segments), 10)
      assert.equal(typeof found === 'string' ? found : 'certain', expected, String(counts))
    }
  })
})
