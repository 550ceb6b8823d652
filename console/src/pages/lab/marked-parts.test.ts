import assert from 'node:assert/strict'
import fc from 'fast-check'
import { markedParts } from './marked-parts.ts'

describe('a sentence with the words of the query', () => {
  it('is cut at its marks, which are places in code points of the whole text', () => {
    const fragment = {
      begin: 100,
      end: 117,
      text: 'The \u{1f319} and a 𝄞 star',
      marks: [
        { begin: 104, end: 105 },
        { begin: 114, end: 118 },
      ],
    }
    assert.deepEqual(markedParts(fragment), [
      { text: 'The ', marked: false },
      { text: '\u{1f319}', marked: true },
      { text: ' and a 𝄞 ', marked: false },
      { text: 'star', marked: true },
    ])
  })

  it('is whole again of its parts, wherever they are', () => {
    const cases = fc.record({
      text: fc.string({ unit: 'grapheme', maxLength: 40 }),
      begin: fc.nat(1_000),
      marks: fc.array(fc.record({ begin: fc.integer({ min: -5, max: 50 }), end: fc.integer({ min: -5, max: 50 }) })),
    })
    fc.assert(
      fc.property(cases, ({ text, begin, marks }) => {
        const placed = marks.map(mark => ({ begin: begin + mark.begin, end: begin + mark.end }))
        const parts = markedParts({ text, begin, end: begin + [...text].length, marks: placed })
        assert.equal(parts.map(part => part.text).join(''), text)
      }),
    )
  })
})
