import assert from 'node:assert/strict'
import fc from 'fast-check'
import { textAt, utf8Column } from './utf8-column.ts'

const ids = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('a', 'ab', '\uffff', '😀', '\ue000'))

describe('a column of ids', () => {
  it('gives back every string, byte order marks and empty ones too', () => {
    const texts = fc.array(fc.oneof(ids, fc.constantFrom('', '\ufeffmark')), { maxLength: 200 })
    fc.assert(
      fc.property(texts, all => {
        const column = utf8Column(all)
        assert.deepEqual(
          all.map((_, row) => textAt(column, row)),
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
