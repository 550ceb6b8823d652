import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareIds, compareRank } from './rank-order.ts'

const ids = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('a', 'ab', '\uffff', '😀', '\ue000'))
const scores = fc.constantFrom(-1, -0, 0, 2, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
const positions = fc.record({ score: scores, id: ids })

describe('the order of ids', () => {
  it('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        assert.equal(Math.sign(compareIds(left, right)), Buffer.compare(Buffer.from(left), Buffer.from(right)))
      }),
      { numRuns: 1000 },
    )
  })

  it('puts code points above U+FFFF last, unlike the order of UTF-16 units', () => {
    assert.deepEqual(['😀', '\uffff', 'a'].sort(compareIds), ['a', '\uffff', '😀'])
  })
})

describe('the order of hits', () => {
  it('is total: antisymmetric, transitive, and equal only for the same place', () => {
    fc.assert(
      fc.property(positions, positions, positions, (a, b, c) => {
        assert.equal(Math.sign(compareRank(a, b)), -Math.sign(compareRank(b, a)) || 0)
        if (compareRank(a, b) <= 0 && compareRank(b, c) <= 0) assert(compareRank(a, c) <= 0)
        if (compareRank(a, b) === 0) assert.equal(a.id, b.id)
      }),
      { numRuns: 2000 },
    )
  })

  const cases = [
    { first: { id: 'b', score: 2 }, second: { id: 'a', score: 1 }, why: 'the higher score comes first' },
    { first: { id: 'a', score: 1 }, second: { id: 'b', score: 1 }, why: 'ties go by id' },
    { first: { id: 'a', score: 0 }, second: { id: 'b', score: -0 }, why: 'zero has no sign' },
    { first: { id: 'z', score: -9 }, second: { id: 'a', score: Number.NaN }, why: 'NaN comes last' },
    { first: { id: 'z', score: -9 }, second: { id: 'a', score: Number.POSITIVE_INFINITY }, why: 'infinity too' },
    { first: { id: '\uffff', score: 1 }, second: { id: '\u{10000}', score: 1 }, why: 'ids go by UTF-8 bytes' },
  ]
  for (const { first, second, why } of cases) {
    it(`is such that ${why}`, () => {
      assert(compareRank(first, second) < 0)
      assert(compareRank(second, first) > 0)
    })
  }
})
