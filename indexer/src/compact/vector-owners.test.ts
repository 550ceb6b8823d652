import assert from 'node:assert/strict'
import fc from 'fast-check'
import { VectorOwners } from './vector-owners.ts'

describe('VectorOwners', () => {
  it('makes of what ranks vectors what ranks documents, however they come', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(counts, fc.nat(30), fc.array(fc.integer({ min: -9, max: 9 })), (given, cut, seeds) => {
        const vectors = given.reduce((sum, count) => sum + count, 0)
        const owners = new VectorOwners(vectors + 3)
        for (const part of [given.slice(0, cut), given.slice(cut)]) {
          owners.append(
            part.reduce((sum, count) => sum + count, 0),
            part,
          )
        }
        const values = Float32Array.from({ length: vectors + 3 }, (_, at) => seeds[at % (seeds.length || 1)] ?? at)
        const starts = given.map((_, document) => given.slice(0, document).reduce((sum, count) => sum + count, 0))
        const own = (document: number) => [...values.subarray(starts[document], starts[document]! + given[document]!)]
        assert.equal(owners.documents, given.length)
        assert.deepEqual(
          [...owners.bestOf(values)],
          given.map((_, document) => Math.max(...own(document))),
        )
        const backwards = Array.from({ length: vectors }, (_, at) => vectors - 1 - at)
        assert.deepEqual(owners.documentsOf(backwards), [...given.keys()].reverse())
        assert.equal(owners.vectorsOf(given.length), vectors)
      }),
    )
  })

  it('leaves documents of one vector each as they are', () => {
    const owners = new VectorOwners(4)
    owners.append(2)
    owners.append(1)
    assert.deepEqual([owners.documents, owners.vectorsOf(2)], [3, 2])
    assert.deepEqual([...owners.bestOf(Float32Array.of(3, 1, 2, 0))], [3, 1, 2])
    assert.deepEqual(owners.documentsOf([2, 0]), [2, 0])
  })

  it('has no finite best of a vector without a finite score', () => {
    const owners = new VectorOwners(3)
    owners.append(3, [2, 1])
    assert.deepEqual([...owners.bestOf(Float32Array.of(1, Number.NaN, 4))], [Number.NaN, 4])
  })
})
