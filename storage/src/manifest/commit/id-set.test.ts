import assert from 'node:assert/strict'
import fc from 'fast-check'
import { utf8Column } from '../../segment/formats/utf8-column.ts'
import { IdSet } from './id-set.ts'

describe('a set of ids', () => {
  it('finds in a column exactly the rows whose id is in it', () => {
    const ids = fc.array(fc.string({ unit: 'grapheme', maxLength: 3 }), { minLength: 1, maxLength: 30 })
    const property = fc.property(ids, ids, (own, rows) => {
      const set = new IdSet(own)
      const column = utf8Column(rows)
      assert.deepEqual(
        rows.map((_, row) => set.hasRow(column, row)),
        rows.map(id => own.includes(id)),
      )
    })
    fc.assert(property)
  })

  it('takes no id for another with the same hash', () => {
    // Among so many of them some have the same hash of 22 bits.
    const all = Array.from({ length: 20_000 }, (_, at) => `${at}`)
    const set = new IdSet(all.filter((_, at) => at % 2 === 0))
    const column = utf8Column(all)
    const found = all.filter((_, row) => set.hasRow(column, row))
    assert.equal(found.length, 10_000)
  })
})
