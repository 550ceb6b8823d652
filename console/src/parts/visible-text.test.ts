import assert from 'node:assert/strict'
import fc from 'fast-check'
import { beginningOf, visibleText } from './visible-text.ts'

describe('text that may be anything', () => {
  it('shows control characters, and those that turn the direction of writing', () => {
    assert.equal(visibleText('a\u0000b\u001b[31m\u007f'), 'a␀b␛[31m␡')
    assert.equal(visibleText('user\u202etxt.exe'), 'user⟨U+202E⟩txt.exe')
    assert.equal(visibleText('\u200bzero\ufeff'), '⟨U+200B⟩zero⟨U+FEFF⟩')
  })

  it('leaves everything else as it is', () => {
    for (const text of ['<script>alert(1)</script>', 'שלום עולם', 'two\nlines\tand a tab', '👩‍🔬 🇩🇪', 'नमस्ते']) {
      assert.equal(visibleText(text), text)
    }
  })

  it('is never cut inside a character', () => {
    assert.equal(beginningOf('ab👍cd', 3), 'ab…')
    assert.equal(beginningOf('ab👍cd', 4), 'ab👍…')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 20 }), (text, most) => {
        const cut = beginningOf(text, most)
        assert(cut.isWellFormed())
        assert(cut === text || (cut.endsWith('…') && text.startsWith(cut.slice(0, -1)) && cut.length <= most + 1))
      }),
    )
  })
})
