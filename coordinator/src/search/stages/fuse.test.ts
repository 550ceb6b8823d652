import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import type { HybridSearch } from '../../words/query-words.ts'
import type { FoundHit } from '../shard-answer.ts'
import { fuse } from './fuse.ts'

interface Scored {
  readonly id: string
  readonly qnet: number
  readonly words: number
}

/** What a shard answers: its best of either kind. */
function answerOf(documents: readonly Scored[], limit: number) {
  const hitOf = ({ id, qnet, words }: Scored): FoundHit => {
    return { id, score: qnet, wordsScore: words, shard: 0, address: { segment: 0, row: 0 }, document: undefined }
  }
  const best = (scoreOf: (document: Scored) => number) =>
    [...documents].sort((a, b) => compareRank({ id: a.id, score: scoreOf(a) }, { id: b.id, score: scoreOf(b) }))
  return {
    hits: best(({ qnet }) => qnet)
      .slice(0, limit)
      .map(hitOf),
    wordHits: best(({ words }) => words)
      .filter(({ words }) => words > 0)
      .slice(0, limit)
      .map(hitOf),
  }
}

const hybrid = (change: Partial<HybridSearch> = {}): HybridSearch => {
  return { fusion: 'convex', lexical: 0.25, candidates: 10, ...change }
}

const documents: readonly Scored[] = [
  { id: 'a', qnet: 3, words: 0 },
  { id: 'b', qnet: 2, words: 4 },
  { id: 'c', qnet: 1, words: 8 },
  { id: 'd', qnet: Number.NaN, words: 8 },
]
const ranked = (own: readonly Scored[], change?: Partial<HybridSearch>) => {
  const joined = hybrid(change)
  return fuse([answerOf(own, joined.candidates)], joined).map(({ id, score }) => [id, score])
}

describe('joining the order of the q-net with that of words', () => {
  it('adds both scores by weight, each brought to 0 to 1', () => {
    assert.deepEqual(ranked(documents), [
      ['a', 0.75],
      ['b', 0.75 * 0.5 + 0.25 * 0.5],
      ['c', 0.25],
      ['d', Number.NaN],
    ])
    assert.deepEqual(ranked(documents, { lexical: 1 }).slice(0, 3), [
      ['c', 1],
      ['b', 0.5],
      ['a', 0],
    ])
  })

  it('puts a document that only its words bring below the last of the q-net by as much as its score is, and tells both scores', () => {
    const only = [...documents.slice(0, 2), { id: 'far', qnet: -50, words: 5 }]
    const [, , last] = fuse([answerOf(only, 2)], hybrid({ candidates: 2 }))
    assert.deepEqual([last!.id, last!.score, last!.scores], ['far', 0.75 * -52 + 0.25, { qnet: -50, lexical: 5 }])
  })

  it('adds the reciprocals of ranks, of the lists that have the document', () => {
    assert.deepEqual(
      ranked(documents, { fusion: 'reciprocal_rank', candidates: 2 }),
      [
        ['c', 1 / 61],
        ['a', 1 / 61],
        ['b', 1 / 62],
        ['d', Number.NaN],
      ].sort((x, y) => compareRank({ id: `${x[0]}`, score: +x[1]! }, { id: `${y[0]}`, score: +y[1]! })),
    )
  })

  it('gives every document one order where scores are all the same, and where no word is found', () => {
    const same = ['b', 'a'].map(id => ({ id, qnet: 1, words: 0 }))
    assert.deepEqual(ranked(same), [
      ['a', 0],
      ['b', 0],
    ])
    assert.deepEqual(fuse([answerOf([], 5)], hybrid()), [])
  })

  it('gives the same to the bit, ties and all, however documents are divided into shards', () => {
    const score = fc.constantFrom(0, 0.5, 1, 1.25, 2, Number.NaN)
    const all = fc.uniqueArray(
      fc.record({ id: fc.string({ minLength: 1, maxLength: 3 }), qnet: score, words: fc.constantFrom(0, 0, 1, 2.5) }),
      { selector: ({ id }) => id, maxLength: 40 },
    )
    const joined = fc.record({
      fusion: fc.constantFrom('convex' as const, 'reciprocal_rank' as const),
      lexical: fc.constantFrom(0, 0.3, 1),
      candidates: fc.integer({ min: 1, max: 12 }),
    })
    fc.assert(
      fc.property(all, joined, (own, how) => {
        const whole = fuse([answerOf(own, how.candidates)], how)
        assert.deepEqual(
          whole.map(({ id }) => id),
          [...whole].sort(compareRank).map(({ id }) => id),
        )
        for (const shards of [2, 4, 8]) {
          const parts = Map.groupBy(own, ({ id }) => id.charCodeAt(0) % shards).values()
          const divided = fuse(
            [...parts].map(part => answerOf(part, how.candidates)),
            how,
          )
          assert.deepEqual(divided, whole)
        }
      }),
      { numRuns: casesOf({ usual: 60, thorough: 3_000 }) },
    )
  })
})
