import assert from 'node:assert/strict'
import { interpretedPiecesMax } from '@hypershard/proto/limits'
import fc from 'fast-check'
import { piecesOf, type Tag, type TaggedWord } from './pieces-of.ts'

const letters = { j: 'join', s: 'shared', b: 'begin', i: 'inside' } as const satisfies Record<string, Tag>

/** Words with their tags, as `heart/b or/j lung/b cancer/s`. */
function tagged(written: string): { text: string; words: TaggedWord[] } {
  let text = ''
  const words: TaggedWord[] = []
  for (const [word, letter] of written.split(' ').map(part => part.split('/'))) {
    const begin = text === '' ? 0 : text.length + 1
    text = `${text}${text === '' ? '' : ' '}${word}`
    words.push({ begin, end: text.length, tag: letters[letter as keyof typeof letters] })
  }
  return { text, words }
}

function textsOf(written: string): string[] {
  const { text, words } = tagged(written)
  return piecesOf(words).map(piece => piece.map(({ begin, end }) => text.slice(begin, end)).join(' '))
}

describe('the pieces of a query', () => {
  for (const { of, written, pieces } of [
    { of: 'two needs', written: 'red/b shoes/i or/j hats/b', pieces: ['red shoes', 'hats'] },
    { of: 'a shared end', written: 'heart/b or/j lung/b cancer/s', pieces: ['heart cancer', 'lung cancer'] },
    {
      of: 'a shared beginning and end behind an introduction',
      written: 'papers/j on/j risks/s of/s flu/b ,/j cold/b or/j covid/b in/s children/s ?/j',
      pieces: ['risks of flu in children', 'risks of cold in children', 'risks of covid in children'],
    },
    { of: 'what is shared on both sides of a join', written: 'a/s x/j b/s c/b or/j d/b', pieces: ['a b c', 'a b d'] },
    { of: 'one need', written: 'to/b be/i or/i not/i', pieces: [] },
    { of: 'no word', written: 'or/j', pieces: [] },
    { of: 'pieces that nothing joins', written: 'red/b shoes/i hats/b', pieces: [] },
    { of: 'a part that is shared between pieces', written: 'red/b or/j a/s hats/b', pieces: [] },
    { of: 'a piece that does not begin', written: 'red/b or/j hats/i', pieces: [] },
    { of: 'something shared after a join between pieces', written: 'a/b or/j x/s or/j b/b', pieces: [] },
  ]) {
    it(`of ${of}: ${written}`, () => assert.deepEqual(textsOf(written), pieces))
  }

  it('are as many as there may be, and of more the text is one need', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `p${at}/b`).join(' or/j ')
    assert.equal(textsOf(many(interpretedPiecesMax)).length, interpretedPiecesMax)
    assert.deepEqual(textsOf(many(interpretedPiecesMax + 1)), [])
  })

  it('are those that a wording was made of, whatever stands around them', () => {
    const word = fc.stringMatching(/^[a-z]{1,6}$/)
    const phrase = (letter: string, lengths: fc.ArrayConstraints) =>
      fc.array(word, lengths).map(own => own.map(one => `${one}/${letter}`))
    const plain = (phrases: string[]) => phrases.map(one => one.slice(0, -2))
    const wording = fc.record({
      introduction: phrase('j', { maxLength: 2 }),
      head: phrase('s', { maxLength: 2 }),
      pieces: fc.array(phrase('i', { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }),
      joint: phrase('j', { minLength: 1, maxLength: 2 }),
      tail: phrase('s', { maxLength: 2 }),
      end: phrase('j', { maxLength: 2 }),
    })
    fc.assert(
      fc.property(wording, ({ introduction, head, pieces, joint, tail, end }) => {
        const begun = pieces.map(([first, ...rest]) => [first!.replace('/i', '/b'), ...rest])
        const middle = begun.flatMap((piece, at) => (at === 0 ? piece : [...joint, ...piece]))
        const written = [...introduction, ...head, ...middle, ...tail, ...end].join(' ')
        const expected = pieces.map(piece => [...plain(head), ...plain(piece), ...plain(tail)].join(' '))
        assert.deepEqual(textsOf(written), expected)
      }),
    )
  })
})
