import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hasMoreCharacters } from './limits.ts'

describe('a limit in characters', () => {
  it('counts code points, whatever they take in UTF-16', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), fc.nat(12), (text, charactersMax) => {
        assert.equal(hasMoreCharacters(text, charactersMax), [...text].length > charactersMax)
      }),
    )
  })
})
