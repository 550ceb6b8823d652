import assert from 'node:assert/strict'
import { candidatesAskedMax } from './limits.ts'
import { searchDefaults, searchOptionNames } from './search-options.ts'
import { searchRequestSchema } from './search-request.ts'

describe('a search request', () => {
  it('that says nothing but the query is given the defaults that clients are told', () => {
    // Which plan, and with what recall, depends on both and is settled by whoever searches.
    const { plan: _, recall: __, ...defaults } = searchDefaults
    const rest = { profile: false, cache: true, ids_only: false, interpret: false, min_sequence: 0 }
    assert.deepEqual(searchRequestSchema.parse({ query: 'stars' }), { query: 'stars', ...defaults, ...rest })
  })

  it('takes every option of how to search, and no other', () => {
    const rerank = { model: 'pairs', candidates: 7 }
    const hybrid = { fusion: 'convex', lexical: 0.5, candidates: 7 }
    const rest = { precision: 'int8', rerank, hybrid }
    const options = { plan: 'auto', recall: 0.9, candidates: 5, expansion: 6, filter: {}, ...rest }
    assert.deepEqual(Object.keys(options).sort(), [...searchOptionNames].sort())
    assert.partialDeepStrictEqual(searchRequestSchema.parse({ query: 'stars', ...options }), options)
    assert.equal(searchRequestSchema.safeParse({ query: 'stars', how: 'well' }).success, false)
  })

  it('is held to the limits', () => {
    for (const [candidates, good] of [
      [candidatesAskedMax, true],
      [candidatesAskedMax + 1, false],
      [0, false],
    ] as const) {
      assert.equal(searchRequestSchema.safeParse({ query: 'stars', candidates }).success, good)
    }
  })
})
