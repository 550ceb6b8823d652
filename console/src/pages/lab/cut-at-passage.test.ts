import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cutAtPassage } from './cut-at-passage.ts'

describe('a text cut at its best passage', () => {
  it('is cut where the code points are', () => {
    const text = '👍 one. two 👍. three'
    assert.deepEqual(cutAtPassage(text, { begin: 6, end: 12 }, 1_000), {
      before: '👍 one.',
      passage: ' two 👍',
      after: '. three',
      cut: false,
    })
  })

  it('has all of the text, whatever it is', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 60 })
    fc.assert(
      fc.property(texts, fc.nat(60), fc.nat(60), (text, one, other) => {
        const passage = { begin: Math.min(one, other), end: Math.max(one, other) }
        const parts = cutAtPassage(text, passage, 1_000)
        assert.equal(parts.before + parts.passage + parts.after, text)
        assert.equal(parts.passage, [...text].slice(passage.begin, passage.end).join(''))
      }),
    )
  })

  it('that is very long begins near the passage and says that it is cut', () => {
    const text = `${'a'.repeat(500_000)}NEEDLE${'b'.repeat(500_000)}`
    const parts = cutAtPassage(text, { begin: 500_000, end: 500_006 }, 20_000)
    assert.equal(parts.passage, 'NEEDLE')
    assert(parts.cut && parts.before.startsWith('…') && parts.after.endsWith('…'))
    assert(parts.before.length + parts.passage.length + parts.after.length < 20_010)
    assert(!cutAtPassage(text, { begin: 500_000, end: 500_006 }, Number.POSITIVE_INFINITY).cut)
  })
})
