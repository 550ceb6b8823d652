import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareIds, compareIdsAt, idAt } from './compare-ids.ts'
import { utf8Column } from './utf8-column.ts'

const ids = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('a', 'ab', '\uffff', '😀', '\ue000'))

describe('the order of ids', () => {
  it('is that of their UTF-8 bytes, for strings and for rows', () => {
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        const expected = Buffer.compare(Buffer.from(left), Buffer.from(right))
        const column = utf8Column([left, right])
        assert.equal(Math.sign(compareIds(left, right)), expected)
        assert.equal(Math.sign(compareIdsAt(column, 0, column, 1)), expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('puts code points above U+FFFF last, unlike the order of UTF-16 units', () => {
    assert.deepEqual(['😀', '\uffff', 'a'].sort(compareIds), ['a', '\uffff', '😀'])
  })
})

describe('a column of ids', () => {
  it('gives back every string, byte order marks and empty ones too', () => {
    const texts = fc.array(fc.oneof(ids, fc.constantFrom('', '\ufeffmark')), { maxLength: 200 })
    fc.assert(
      fc.property(texts, all => {
        const column = utf8Column(all)
        assert.deepEqual(
          all.map((_, row) => idAt(column, row)),
          all,
        )
        assert.equal(column.bytes.buffer.byteLength, Buffer.byteLength(all.join('')))
      }),
    )
  })

  it('refuses a lone surrogate, which UTF-8 cannot hold', () => {
    assert.throws(() => utf8Column(['\ud800']), /lone surrogate/)
  })
})
