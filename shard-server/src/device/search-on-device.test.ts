import assert from 'node:assert/strict'
import { casesOf, Random } from '@hypershard/harness'
import type { RankedChunk } from './messages.ts'
import { type DeviceSteps, searchOnDevice } from './search-on-device.ts'

const ids = { idBytes: (row: number) => Buffer.from(String(row).padStart(4, '0')) }

/** Chunks of so many rows, whose scores on the device are off; no thread, no q-net. */
function stepsOver(chunks: readonly number[], random: Random, off: number) {
  const scores = Float32Array.from({ length: chunks.reduce((sum, rows) => sum + rows, 0) }, () => random.next())
  const device = scores.map(score => score + off * (2 * random.next() - 1))
  const steps: DeviceSteps = {
    rank: async ({ count, ceiling }) => {
      let first = 0
      const ranked = chunks.map((length): RankedChunk => {
        const rows = Array.from({ length }, (_, at) => first + at).filter(row => device[row]! <= ceiling)
        first += length
        rows.sort((a, b) => device[b]! - device[a]!)
        const best = rows.slice(0, count)
        const left = rows.length > count ? device[rows[count]!]! : Number.NEGATIVE_INFINITY
        const found = { vectors: Int32Array.from(best), scores: Float32Array.from(best, row => device[row]!) }
        return { segment: 0, ...found, left, eligible: length }
      })
      return { chunks: ranked, stop: undefined, tooLarge: false }
    },
    score: async candidates => ({ scores: Float32Array.from(candidates, ({ row }) => scores[row]!), stop: undefined }),
  }
  return { scores, steps }
}

describe('searchOnDevice', () => {
  it('finds the best by the CPU’s scores, from chunks that each are returned whole, too', async () => {
    for (let seed = 0; seed < casesOf({ usual: 200, thorough: 5_000 }); seed++) {
      const random = new Random(seed)
      const chunks = Array.from({ length: 1 + random.below(6) }, () => 1 + random.below(60))
      const { scores, steps } = stepsOver(chunks, random, random.pick([0, 1e-6, 0.01, 0.3]))
      const limit = 1 + random.below(10)
      const shard = { shard: 0, segments: [{ eligible: scores.length, position: 0, ids }] }
      const found = await searchOnDevice(shard, steps, { limit, knownError: undefined })
      assert(typeof found !== 'string', `seed ${seed}: ${found}`)
      const expected = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, limit)
      assert.deepEqual(
        found.scan.hits.map(({ row }) => row),
        expected,
        `seed ${seed}`,
      )
      assert.equal(found.scan.documentsScored, scores.length)
    }
  })
})
