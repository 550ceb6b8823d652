import assert from 'node:assert/strict'
import { compareRank, type RankPosition, type RankStart } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { TopHits } from './select-top-hits.ts'

const ids = (names: readonly string[]) => ({ idBytes: (row: number) => Buffer.from(names[row]!) })

/** Few distinct scores, so that ties are common; the odd ones that must rank last among them. */
const anyScore = fc.constantFrom(
  -2,
  -1,
  -0,
  0,
  0.5,
  1,
  2,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
)

const anyHits = fc.uniqueArray(
  fc.record({ id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), score: anyScore }),
  {
    selector: hit => hit.id,
    maxLength: 60,
  },
)

/** Everything sorted, then cut: what TopHits must agree with. */
function naiveTop(hits: readonly RankPosition[], limit: number, after?: RankPosition): string[] {
  const eligible = after === undefined ? hits : hits.filter(hit => compareRank(hit, after) > 0)
  return eligible
    .toSorted(compareRank)
    .slice(0, limit)
    .map(hit => hit.id)
}

function select(hits: readonly RankPosition[], limit: number, blockRows: number, after?: RankStart): TopHits {
  const top = new TopHits(limit, after)
  const scores = Float32Array.from(hits, hit => hit.score)
  const rowIds = ids(hits.map(hit => hit.id))
  for (let first = 0; first < hits.length; first += blockRows) {
    top.add(scores.subarray(first, first + blockRows), first, rowIds)
  }
  return top
}

describe('TopHits', () => {
  it('keeps what sorting everything keeps, in any blocks', () => {
    fc.assert(
      fc.property(
        anyHits,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 70 }),
        (hits, limit, blockRows) => {
          const rows = select(hits, limit, blockRows).sorted()
          assert.deepEqual(
            rows.map(row => hits[row.row]!.id),
            naiveTop(hits, limit),
          )
        },
      ),
      { numRuns: casesOf({ usual: 500, thorough: 5000 }) },
    )
  })

  it('pages through every hit once when each page starts after the last hit of the one before', () => {
    fc.assert(
      fc.property(anyHits, fc.integer({ min: 1, max: 7 }), (hits, limit) => {
        const seen: string[] = []
        let after: RankPosition | undefined
        // One page more than there can be hits: a page that begins where the last one did would never end.
        for (let pages = 0; pages <= hits.length; pages++) {
          const page = select(hits, limit, 16, after).sorted()
          if (page.length === 0) break
          const paged = page.map(row => hits[row.row]!)
          seen.push(...paged.map(hit => hit.id))
          after = paged.at(-1)!
        }
        assert.deepEqual(seen, naiveTop(hits, hits.length))
      }),
      { numRuns: 300 },
    )
  })

  it('counts what ranks before a place, and begins there where it is inclusive', () => {
    fc.assert(
      fc.property(anyHits, fc.integer({ min: 1, max: 7 }), fc.nat(), fc.boolean(), (hits, limit, drawn, inclusive) => {
        if (hits.length === 0) return
        const ranked = naiveTop(hits, hits.length)
        const at = drawn % ranked.length
        const start = { ...hits.find(({ id }) => id === ranked[at])!, inclusive }
        const top = select(hits, limit, 16, start)
        const begin = inclusive ? at : at + 1
        assert.equal(top.beforeCount, begin)
        const found = top.sorted().map(row => hits[row.row]!.id)
        assert.deepEqual(found, ranked.slice(begin, begin + limit))
      }),
      { numRuns: 300 },
    )
  })

  it('counts scores that are not finite and ranks them last', () => {
    const top = select(
      [
        { id: 'a', score: Number.NaN },
        { id: 'b', score: -5 },
        { id: 'c', score: Number.POSITIVE_INFINITY },
      ],
      3,
      2,
    )
    assert.equal(top.nonFiniteCount, 2)
    assert.deepEqual(
      top.sorted().map(row => row.row),
      [1, 0, 2],
    )
  })

  it('leaves deleted rows out of the hits and out of the count', () => {
    const top = new TopHits(5)
    top.add(
      Float32Array.of(3, 2, Number.NaN),
      10,
      { idBytes: row => Buffer.from(`${row}`) },
      { isExcluded: row => row !== 11 },
    )
    assert.deepEqual(
      top.sorted().map(row => row.row),
      [11],
    )
    assert.equal(top.nonFiniteCount, 0)
  })
})
