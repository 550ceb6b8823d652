import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import type { QueryNode } from '@hypershard/contract'
import { casesOf, quietContext } from '@hypershard/harness'
import fc from 'fast-check'
import { SearchableIndexes, type TestDocument } from '../../testing/searchable-indexes.ts'
import { search } from '../search.ts'
import { searchInputOf } from '../search-input.ts'

/** Few words, so that many documents score the same. */
const words = ['stars', 'moons', 'tides']
const word = fc.constantFrom(...words)

const corpora: fc.Arbitrary<TestDocument[]> = fc
  .array(fc.array(word, { maxLength: 3 }), { minLength: 1, maxLength: 20 })
  .map(said => said.map((own, at) => ({ id: `d${at}`, text: own.join(' ') })))

const queries: fc.Arbitrary<QueryNode> = fc.oneof(
  fc.record({ any: fc.array(word, { minLength: 2, maxLength: 4 }) }),
  fc.record({ all: fc.tuple(word, fc.record({ text: word, weight: fc.constantFrom(0.5, 2) })) }),
  fc.record({ any: fc.tuple(word, fc.record({ not: word })) }),
  fc.record({ all: fc.tuple(word, fc.record({ any: fc.tuple(word, word) })) }),
)

describe('composed searches', () => {
  let indexes: SearchableIndexes
  let cases = 0

  before(async () => {
    indexes = await SearchableIndexes.make()
  })

  after(() => indexes.remove())

  it('give every document once, in the order of one large page, by whatever pages and from any number of shards', async () => {
    const property = fc.asyncProperty(
      corpora,
      queries,
      fc.integer({ min: 1, max: 21 }),
      async (documents, query, k) => {
        const name = `case-${++cases}`
        const found: unknown[] = []
        for (const shards of [1, 2, 4, 8]) {
          const index = `${name}-${shards}`
          await indexes.add({ name: index, shards, documents })
          const pages: { id: string; score: number | null; composed?: unknown }[] = []
          for (let cursor: string | null | undefined; cursor !== null; ) {
            const input = searchInputOf(index, { query, k, plan: 'exact', ...(cursor && { cursor }) })
            const { hits, nextCursor, leaves } = await search(input, quietContext(), indexes.parts)
            for (const { composed } of hits) assert.equal(composed!.scores.length, leaves!.length)
            pages.push(...hits.map(({ id, score, composed }) => ({ id, score, composed })))
            cursor = nextCursor
          }
          const ranked = pages.map(({ id, score }) => ({ id, score: score! }))
          assert.deepEqual(ranked.toSorted(compareRank), ranked)
          assert.equal(new Set(ranked.map(({ id }) => id)).size, documents.length)
          found.push(pages)
        }
        for (const pages of found) assert.deepEqual(pages, found[0])
      },
    )
    await fc.assert(property, { numRuns: casesOf({ usual: 4, thorough: 15 }), endOnFailure: true })
  })
})
