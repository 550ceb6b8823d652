import assert from 'node:assert/strict'
import fc from 'fast-check'
import { pad, shorten, toPlainLine, widthOf, wrap } from './fit-text.ts'

const text = fc.string({ unit: 'grapheme' }).map(toPlainLine)

describe('fitting text into columns', () => {
  const cases = [
    { title: 'leaves what fits alone', given: 'tides', width: 5, expected: 'tides' },
    { title: 'ends with an ellipsis within the width', given: 'oceanography', width: 6, expected: 'ocean…' },
    { title: 'counts wide characters twice', given: '潮の満ち引き', width: 6, expected: '潮の…' },
    { title: 'does not leave a space before the ellipsis', given: 'the moon', width: 5, expected: 'the…' },
    {
      title: 'keeps composed characters whole',
      given: '👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦',
      width: 5,
      expected: '👩‍👩‍👧‍👦👩‍👩‍👧‍👦…',
    },
    { title: 'gives nothing for no width', given: 'tides', width: 0, expected: '' },
  ]
  for (const { title, given, width, expected } of cases) {
    it(`shortening ${title}`, () => assert.equal(shorten(given, width), expected))
  }

  it('shortening never exceeds the width, and keeps a beginning of the text', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 40 }), (given, width) => {
        const short = shorten(given, width)
        assert.ok(widthOf(short) <= width)
        if (short !== given) assert.ok(given.startsWith(short.slice(0, -1)))
      }),
    )
  })

  it('padding reaches the width exactly when the text fits', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('left', 'right'), (given, align) => {
        assert.equal(widthOf(pad(given, widthOf(given) + 3, align)), widthOf(given) + 3)
      }),
    )
  })

  it('wrapping loses nothing but spaces when there are lines enough', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 6, max: 30 }), (given, width) => {
        const lines = wrap(given, width, 10_000)
        for (const line of lines) assert.ok(widthOf(line) <= width, JSON.stringify(line))
        assert.equal(lines.join('').replaceAll(' ', ''), given.replaceAll(' ', ''))
      }),
    )
  })

  it('wrapping breaks between words and shortens the last line', () => {
    assert.deepEqual(wrap('the brightness jumps around many times per second', 12, 3), [
      'the',
      'brightness',
      'jumps aroun…',
    ])
  })

  it('text from outside cannot move the cursor, break the line or turn the direction', () => {
    assert.equal(toPlainLine('a\u001b[2Jb\r\nc\u0007\u009bd\u202ee\tf'), 'a [2Jb c d e f')
  })
})
