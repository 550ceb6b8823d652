import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cutQuery } from './cut-query.ts'

describe('a query that is too long to be asked', () => {
  for (const { title, text, expected } of [
    { title: 'is left alone when it is not', text: '  abcd', expected: { text: '  abcd', isCut: false } },
    { title: 'keeps its beginning', text: 'abcdefgh', expected: { text: 'abcdef', isCut: true } },
    { title: 'is not cut inside a character', text: 'abcde🦊', expected: { text: 'abcde', isCut: true } },
    { title: 'does not become a blank one', text: '          abc', expected: { text: 'abc', isCut: true } },
  ]) {
    it(title, () => assert.deepEqual(cutQuery(text, 6), expected))
  }

  it('is well formed if it was, and within the limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), text => {
        const cut = cutQuery(text, 6).text
        assert.ok(cut.length <= 6 && (cut.isWellFormed() || !text.isWellFormed()))
      }),
    )
  })
})
