import assert from 'node:assert/strict'
import type { Manifest, SegmentEntry } from '@hypershard/segments'
import fc from 'fast-check'
import { planCompaction } from './plan-compaction.ts'

let names = 0
const entry = (documents: number, deleted = 0, shard = 0): SegmentEntry => ({
  ...{ digest: String(names++), shard, documents, bytes: documents * 100, truncated: 0 },
  deleted: deleted === 0 ? null : { digest: 'd', count: deleted },
})
const manifest = (segments: readonly SegmentEntry[]) => ({ segments }) as unknown as Manifest

describe('planning compaction', () => {
  it('leaves a few segments alone', () => {
    assert.equal(planCompaction(manifest(Array.from({ length: 7 }, () => entry(10)))), undefined)
  })

  it('merges eight of about a size, of one shard', () => {
    const small = Array.from({ length: 8 }, () => entry(10, 0, 1))
    const plan = planCompaction(manifest([entry(10), entry(900_000), ...small]))
    assert.deepEqual(plan, small)
  })

  it('does not write a large segment again for a few small ones', () => {
    const segments = [entry(400_000), ...Array.from({ length: 7 }, () => entry(10))]
    assert.equal(planCompaction(manifest(segments)), undefined)
  })

  it('writes a large segment again of which much is deleted', () => {
    const hollow = entry(10_000, 4_000)
    assert.deepEqual(planCompaction(manifest([entry(10_000, 100), hollow])), [hollow])
  })

  it('comes to an end with few segments, and copies each document a few times', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 50, maxLength: 400 }),
      sizes => {
        let segments: SegmentEntry[] = []
        let copied = 0
        for (const size of sizes) {
          segments.push(entry(size))
          for (;;) {
            const plan = planCompaction(manifest(segments))
            if (plan === undefined) break
            const merged = plan.reduce((sum, { documents }) => sum + documents, 0)
            assert.ok(plan.length >= 8)
            copied += merged
            segments = [...segments.filter(segment => !plan.includes(segment)), entry(merged)]
          }
        }
        const total = sizes.reduce((sum, size) => sum + size, 0)
        const tiers = 2 + Math.ceil(Math.log(Math.max(1, total / 4_096)) / Math.log(4))
        assert.ok(segments.length <= 7 * tiers, `${segments.length} segments of ${total} documents`)
        assert.ok(copied <= total * tiers, `${copied} copied of ${total}`)
      },
    )
    fc.assert(property, { numRuns: 40 })
  })
})
