import assert from 'node:assert/strict'
import fc from 'fast-check'
import { evenTops, topsOf, visibleRange } from './visible-range.ts'

describe('rows of a long list that are drawn', () => {
  const tops = evenTops(1_000, 50)

  it('are those that can be seen, and some around them', () => {
    assert.deepEqual(visibleRange({ top: 110, height: 610, tops }), { first: 0, end: 19 })
    assert.deepEqual(visibleRange({ top: -25_010, height: 600, tops }), { first: 492, end: 521 })
    assert.deepEqual(visibleRange({ top: -49_900, height: 600, tops }), { first: 990, end: 1_000 })
    assert.deepEqual(visibleRange({ top: 0, height: 600, tops: evenTops(3, 50) }), { first: 0, end: 3 })
    assert.deepEqual(visibleRange({ top: 0, height: 600, tops: evenTops(0, 50) }), { first: 0, end: 0 })
  })

  it('have every one that can be seen and few others, however high they are and wherever one has scrolled', () => {
    const cases = fc.record({
      top: fc.integer({ min: -100_000, max: 2_000 }),
      height: fc.integer({ min: 1, max: 3_000 }),
      heights: fc.array(fc.integer({ min: 10, max: 200 }), { maxLength: 1_000 }),
    })
    fc.assert(
      fc.property(cases, ({ top, height, heights }) => {
        const tops = topsOf(heights)
        const { first, end } = visibleRange({ top, height, tops })
        assert(first >= 0 && first <= end && end <= heights.length)
        const seen = heights.flatMap((own, row) => {
          const above = top + tops[row]!
          return above < height && above + own > 0 ? [row] : []
        })
        for (const row of seen) assert(row >= first && row < end)
        assert(end - first <= seen.length + 20)
      }),
    )
  })
})
