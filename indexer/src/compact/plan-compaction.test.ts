import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { graphQueriesDigest, type Manifest, type SegmentEntry } from '@hypershard/storage'
import fc from 'fast-check'
import { planCompaction } from './plan-compaction.ts'

let names = 0
const entry = (documents: number, deleted = 0, shard = 0): SegmentEntry => ({
  digest: String(names++),
  shard,
  documents,
  bytes: documents * 100,
  truncated: 0,
  deleted: deleted === 0 ? null : { digest: 'd', count: deleted },
})
const manifest = (segments: readonly SegmentEntry[]) => ({ segments }) as unknown as Manifest
const plan = (segments: readonly SegmentEntry[], sampleQueries: readonly string[] | null = null, graphsWait = false) =>
  planCompaction(manifest(segments), { sampleQueries, graphsWait })

describe('planning compaction', () => {
  it('leaves a few segments alone', () => {
    assert.equal(plan(Array.from({ length: 7 }, () => entry(10))), undefined)
  })

  it('merges eight of about a size, of one shard', () => {
    const small = Array.from({ length: 8 }, () => entry(10, 0, 1))
    assert.deepEqual(plan([entry(10), entry(900_000), ...small]), small)
  })

  it('does not write a large segment again for a few small ones', () => {
    const segments = [entry(400_000), ...Array.from({ length: 7 }, () => entry(10))]
    assert.equal(plan(segments), undefined)
  })

  it('writes a large segment again of which much is deleted', () => {
    const hollow = entry(10_000, 4_000)
    assert.deepEqual(plan([entry(10_000, 100), hollow]), [hollow])
  })

  it('writes a segment again whose graph was calibrated with other queries, once', () => {
    const [queries, others] = [['a query'], ['another']]
    const [small, large, made] = [entry(10), entry(500_000), entry(20_000)]
    const calibrated = { ...made, graphQueries: graphQueriesDigest(queries)! }
    assert.deepEqual(plan([small, calibrated, large], queries), [large])
    assert.equal(plan([small, calibrated], queries), undefined)
    assert.deepEqual(plan([small, calibrated], others), [calibrated])
    assert.deepEqual(plan([small, calibrated], null), [calibrated])
    assert.equal(plan([small, made, large], null), undefined)
  })

  it('merges while graphs wait what has none together, and writes nothing again for one', () => {
    const [few, many] = [Array.from({ length: 8 }, () => entry(2_100)), Array.from({ length: 8 }, () => entry(16_000))]
    assert.deepEqual(plan([...few, ...many], null, true), few.slice(0, 7))
    assert.equal(plan(few.slice(1), null, true), undefined, 'a tier that is not full')
    assert.equal(plan([...many, entry(50_000)], null, true), undefined)
    assert.equal(plan([entry(50_000)], ['a query'], true), undefined)
    assert.deepEqual(plan([...few, ...many], null, false), few)
    const withoutGraphs = { segments: many, passages: { overlap: 0 } } as unknown as Manifest
    assert.deepEqual(planCompaction(withoutGraphs, { sampleQueries: null }), many)
  })

  it('copies each document of a bulk load that comes in small portions about once a tier', () => {
    let segments: SegmentEntry[] = []
    let copied = 0
    const portions = 400
    for (let portion = 0; portion < portions; portion++) {
      segments.push(entry(100))
      for (let some = plan(segments); some !== undefined; some = plan(segments)) {
        const merged = some.reduce((sum, { documents }) => sum + documents, 0)
        copied += merged
        const taken = new Set(some)
        segments = [...segments.filter(segment => !taken.has(segment)), entry(merged)]
      }
    }
    // 40,000 documents: to 800, to 6,400, to 51,200 were there more.
    assert.ok(copied <= 2 * portions * 100, `${copied} documents copied`)
    assert.ok(segments.length <= 14, `${segments.length} segments`)
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
            const some = plan(segments)
            if (some === undefined) break
            const merged = some.reduce((sum, { documents }) => sum + documents, 0)
            assert.ok(some.length >= 8)
            copied += merged
            segments = [...segments.filter(segment => !some.includes(segment)), entry(merged)]
          }
        }
        const total = sizes.reduce((sum, size) => sum + size, 0)
        const tiers = 3 + Math.ceil(Math.log(Math.max(1, total / 4_096)) / Math.log(4))
        assert.ok(segments.length <= 7 * tiers, `${segments.length} segments of ${total} documents`)
        assert.ok(copied <= total * tiers, `${copied} copied of ${total}`)
      },
    )
    fc.assert(property, { numRuns: casesOf({ usual: 40, thorough: 400 }) })
  })
})
