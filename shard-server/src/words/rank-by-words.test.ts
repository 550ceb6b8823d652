import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { createBitmap, LexicalEncoder, setBit } from '@hypershard/storage'
import { LexicalIndex } from '@hypershard/storage/rows'
import fc from 'fast-check'
import type { SharedIds } from '../ports.ts'
import { rankByWords, type SegmentOfWords } from './rank-by-words.ts'
import { scoreWords } from './score-words.ts'

interface Document {
  readonly id: string
  readonly text: string
}

const averageLength = 2
const terms = ['a', 'b', 'c'].map((term, at) => ({ term, weight: 1 / (at + 1) }))

function sharedIds(ids: readonly string[]): SharedIds {
  const all = ids.map(id => Buffer.from(id))
  const offsets = new Int32Array(new SharedArrayBuffer(4 * (ids.length + 1)))
  for (const [at, { length }] of all.entries()) offsets[at + 1] = offsets[at]! + length
  const bytes = new Uint8Array(new SharedArrayBuffer(offsets[ids.length]!))
  bytes.set(Buffer.concat(all))
  return { offsets, bytes }
}

function segmentOf(documents: readonly Document[], position = 0, deleted: ReadonlySet<string> = new Set()) {
  const encoder = new LexicalEncoder('simple')
  for (const { text } of documents) encoder.append({ title: '', text })
  const index = new LexicalIndex(new Uint8Array(Buffer.concat([...encoder.encode()])), documents.length)
  const excluded = createBitmap(documents.length)
  for (const [row, { id }] of documents.entries()) if (deleted.has(id)) setBit(excluded, row)
  const scores = scoreWords(index, terms, averageLength)
  return { scores, ids: sharedIds(documents.map(({ id }) => id)), position, excluded } satisfies SegmentOfWords
}

describe('ranking by words', () => {
  it('finds the same, ties and all, in however many shards and segments documents lie, and none that is deleted', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'x'), { maxLength: 4 }).map(words => words.join(' '))
    const all = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1, maxLength: 3, unit: 'grapheme' }), text }), {
      selector: ({ id }) => id,
      minLength: 1,
      maxLength: 60,
    })
    fc.assert(
      fc.property(all, fc.integer({ min: 1, max: 12 }), fc.nat(5), (documents, limit, dead) => {
        const deleted = new Set(documents.slice(0, dead).map(({ id }) => id))
        const naive = documents
          .filter(({ id }) => !deleted.has(id))
          .map(document => ({ id: document.id, score: segmentOf([document]).scores[0]! }))
          .filter(({ score }) => score > 0)
          .sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
          .slice(0, limit)
        for (const shards of [1, 2, 4, 8]) {
          const groups = [...Map.groupBy(documents, ({ id }) => id.codePointAt(0)! % shards).values()]
          const segments = groups.map((own, position) => segmentOf(own, position, deleted))
          const lists = segments.map(segment => rankByWords([segment], limit))
          const merged = lists
            .flat()
            .sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
            .slice(0, limit)
          const pairs = (hits: readonly { id: string; score: number }[]) => hits.map(({ id, score }) => [id, score])
          assert.deepEqual(pairs(merged), pairs(naive))
          const together = rankByWords(segments, limit)
          assert.deepEqual(pairs(together), pairs(naive))
          for (const { id, segment, row } of together) assert.equal(groups[segment]![row]!.id, id)
        }
      }),
      { numRuns: casesOf({ usual: 20, thorough: 1_500 }) },
    )
  })

  it('finds the first id of many documents with one score, also where it comes last', () => {
    const documents = [...'zyxwvutsrqponmlkjihgfedcba'].map(id => ({ id, text: 'a' }))
    const hits = rankByWords([segmentOf(documents)], 2)
    assert.deepEqual(
      hits.map(({ id }) => id),
      ['a', 'b'],
    )
  })

  it('gives no document that has none of the words', () => {
    const segment = segmentOf([
      { id: 'one', text: 'x x' },
      { id: 'two', text: 'x a' },
    ])
    const hits = rankByWords([segment], 10)
    assert.deepEqual(
      hits.map(({ id, row }) => [id, row]),
      [['two', 1]],
    )
  })
})
