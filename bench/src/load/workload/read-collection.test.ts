import assert from 'node:assert/strict'
import { enlarge } from './read-collection.ts'

const real = [
  { id: 'd0', title: 'A', text: 'one two three four' },
  { id: 'd1', title: '', text: 'five six seven eight' },
  { id: 'd2', title: '', text: 'nine ten' },
]

describe('a collection', () => {
  it('is cut where it has more documents than are wanted', () => {
    assert.deepEqual(enlarge(real, 2), real.slice(0, 2))
  })

  it('is made larger with halves of two documents, each pair once', () => {
    const documents = enlarge(real, 9)
    assert.deepEqual(documents.slice(0, 3), real)
    assert.deepEqual(documents[3], { id: 'd3', title: 'A', text: 'one two seven eight' })
    assert.equal(new Set(documents.map(({ text }) => text)).size, 9)
    assert.equal(new Set(documents.map(({ id }) => id)).size, 9)
  })
})
