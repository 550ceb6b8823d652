import assert from 'node:assert/strict'
import fc from 'fast-check'
import { utf8Column } from '../../segment/formats/utf8-column.ts'
import { createBitmap, hasBit, setBit } from '../../segment/tombstones/bitmap.ts'
import { IdSet } from './id-set.ts'
import { idSetOf, markSuperseded } from './mark-superseded.ts'

const ids = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 4 }), { minLength: 1, maxLength: 40 })

describe('marking superseded rows', () => {
  it('deletes exactly the rows whose id is put again, on top of those deleted before', async () => {
    const property = fc.asyncProperty(
      ids,
      fc.infiniteStream(fc.boolean()),
      fc.array(fc.nat()),
      async (all, gone, picks) => {
        const before = createBitmap(all.length)
        all.forEach((_, row) => {
          if (gone.next().value) setBit(before, row)
        })
        const newIds = new IdSet(['not there', ...picks.map(pick => all[pick % all.length]!)])
        const { deleted, count, added } = await markSuperseded(utf8Column(all), before, newIds)
        const expected = all.map((id, row) => hasBit(before, row) || newIds.has(id))
        assert.deepEqual(
          all.map((_, row) => hasBit(deleted, row)),
          expected,
        )
        assert.equal(count, expected.filter(Boolean).length)
        assert.equal(added, all.filter((id, row) => !hasBit(before, row) && newIds.has(id)).length)
      },
    )
    await fc.assert(property)
  })

  it('collects the ids of several segments', async () => {
    async function* columns() {
      yield utf8Column(['a', 'é'])
      yield utf8Column(['b'])
    }
    const found = await idSetOf(columns())
    assert.deepEqual([found.size, ...['a', 'é', 'b', 'c'].map(id => found.has(id))], [3, true, true, true, false])
  })
})
