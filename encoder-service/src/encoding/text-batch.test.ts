import assert from 'node:assert/strict'
import fc from 'fast-check'
import { placesOfAlike } from './text-batch.ts'

describe('texts of one length', () => {
  it('are together, in their order, and each text is somewhere once', () => {
    assert.deepEqual(placesOfAlike([3, 5, 3, 3, 5, 1]), [[0, 2, 3], [1, 4], [5]])
    assert.deepEqual(placesOfAlike([]), [])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 })), lengths => {
        const places = placesOfAlike(lengths)
        const all = places.flat().sort((left, right) => left - right)
        assert.deepEqual(all, [...lengths.keys()])
        assert.equal(places.length, new Set(lengths).size)
        for (const alike of places) assert.equal(new Set(alike.map(place => lengths[place])).size, 1)
      }),
    )
  })
})
