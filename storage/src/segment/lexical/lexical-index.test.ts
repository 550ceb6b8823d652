import assert from 'node:assert/strict'
import { FormatError } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { LexicalEncoder } from './lexical-encoder.ts'
import { LexicalIndex } from './lexical-index.ts'
import { titleGap } from './lexical-layout.ts'

interface Text {
  readonly title: string
  readonly text: string
}

function fileOf(texts: readonly Text[]): Uint8Array<ArrayBuffer> {
  const encoder = new LexicalEncoder('simple')
  for (const text of texts) encoder.append(text)
  const parts = [...encoder.encode()]
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    file.set(part, at)
    at += part.length
  }
  return file
}

const indexOf = (texts: readonly Text[]) => new LexicalIndex(fileOf(texts), texts.length)

/** Rows with their places. */
function occurrencesIn(index: LexicalIndex, term: string): [row: number, positions: number[]][] {
  const postings = index.postingsOf(term)
  const found: [number, number[]][] = []
  for (let row = postings?.nextRow() ?? -1; row !== -1; row = postings!.nextRow()) {
    const positions = postings!.positions()
    assert.equal(positions.length, postings!.frequency)
    found.push([row, positions])
  }
  assert.equal(found.length, postings?.documents ?? 0)
  return found
}

/** By looking at every word of every text. */
function naiveOccurrences(texts: readonly Text[], term: string): [row: number, positions: number[]][] {
  return texts.flatMap(({ title, text }, row) => {
    const inTitle = title.split(' ').filter(word => word !== '')
    const start = inTitle.length === 0 ? 0 : inTitle.length + titleGap
    const inText = text.split(' ').filter(word => word !== '')
    const places = [
      ...inTitle.flatMap((word, at) => (word === term ? [at] : [])),
      ...inText.flatMap((word, at) => (word === term ? [start + at] : [])),
    ]
    return places.length === 0 ? [] : [[row, places] satisfies [number, number[]]]
  })
}

describe('the words of a segment', () => {
  it('are found in the rows and at the places where a look at every word finds them', () => {
    const words = ['a', 'b', 'ab', 'ä', 'z', '東', 'zz']
    const text = fc.array(fc.constantFrom(...words), { maxLength: 12 }).map(all => all.join(' '))
    fc.assert(
      fc.property(fc.array(fc.record({ title: text, text }), { maxLength: 20 }), texts => {
        const index = indexOf(texts)
        const plain = texts.map(({ title, text: own }) => ({
          title: title.replaceAll('ä', 'a'),
          text: own.replaceAll('ä', 'a'),
        }))
        for (const term of ['a', 'b', 'ab', 'z', '東', 'zz', 'no', '']) {
          assert.deepEqual(occurrencesIn(index, term), naiveOccurrences(plain, term))
        }
      }),
      { numRuns: casesOf({ usual: 50, thorough: 1_000 }) },
    )
  })

  it('are found in a row far behind another, and often', () => {
    const far = [
      { title: '', text: 'rare '.repeat(300) },
      ...Array.from({ length: 20_000 }, () => ({ title: '', text: '' })),
    ]
    const index = indexOf([...far, { title: 'rare', text: `${'other '.repeat(200)}rare` }])
    const found = occurrencesIn(index, 'rare')
    assert.deepEqual(
      found.map(([row, positions]) => [row, positions.length, positions.at(-1)]),
      [
        [0, 300, 299],
        [20_001, 2, 1 + titleGap + 200],
      ],
    )
  })

  it('tell a place also where those of rows before were not asked for', () => {
    const postings = indexOf([
      { title: '', text: 'x x x' },
      { title: '', text: 'y x' },
    ]).postingsOf('x')
    postings!.nextRow()
    postings!.nextRow()
    assert.deepEqual(postings!.positions(), [1])
  })

  it('count a row by the words of its title and text', () => {
    assert.deepEqual(
      [
        ...indexOf([
          { title: 'one two', text: 'three' },
          { title: '', text: '' },
        ]).lengths,
      ],
      [3, 0],
    )
  })

  const texts = [{ title: 'one', text: 'two' }]
  const damages: readonly [what: string, change: (file: Uint8Array<ArrayBuffer>) => Uint8Array, says: RegExp][] = [
    ['a file cut short', file => file.subarray(0, -1), /ends at byte/],
    ['a file too long', file => Uint8Array.of(...file, 0), /length does not fit/],
    ['ends that do not ascend', file => withEnd(file, 'term_ends', 9), /term_ends does not ascend/],
    ['a last end beside the part', file => withEnd(file, 'posting_ends', 3, 1), /posting_ends does not end where/],
  ]
  for (const [what, change, says] of damages) {
    it(`are refused in ${what}`, () => {
      const changed = change(fileOf(texts))
      assert.throws(
        () => new LexicalIndex(changed, texts.length),
        error => error instanceof FormatError && says.test(error.message),
      )
    })
  }

  it('are refused for another number of documents', () => {
    assert.throws(() => new LexicalIndex(fileOf(texts), 2), /tensor lengths has another shape/)
  })
})

/** Sets one value of a tensor of numbers. */
function withEnd(file: Uint8Array<ArrayBuffer>, tensor: string, value: number, at = 0): Uint8Array {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))
  const begin = 8 + length + header[tensor].data_offsets[0]
  new DataView(file.buffer).setUint32(begin + 4 * at, value, true)
  return file
}
