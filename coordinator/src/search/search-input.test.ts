import assert from 'node:assert/strict'
import type { HypershardError } from '@hypershard/common'
import { searchDefaults, searchRequestSchema } from '@hypershard/contract'
import { searchInputOf, toSearchInput } from './search-input.ts'

const inputOf = (request: object) => toSearchInput('papers', searchRequestSchema.parse({ query: 'stars', ...request }))

describe('the input of a search', () => {
  it('has the plan and the recall that the request leaves open', () => {
    for (const [said, plan, recall] of [
      [{}, 'auto', 0.99],
      [{ plan: 'exact' }, 'exact', searchDefaults.recall],
      [{ recall: 0.9 }, 'auto', 0.9],
      [{ plan: 'auto' }, 'auto', searchDefaults.recall],
      [{ plan: 'auto', recall: 0.9 }, 'auto', 0.9],
      [{ plan: 'graph' }, 'graph', searchDefaults.recall],
    ] as const) {
      const input = inputOf(said)
      assert.deepEqual([input.plan, input.recall], [plan, recall], JSON.stringify(said))
    }
  })

  it('is refused when a recall stands beside a plan that cannot be told one', () => {
    assert.throws(() => inputOf({ plan: 'tangent', recall: 0.9 }), {
      code: 'invalid_request',
      message: 'recall: belongs to the plan auto, not to tangent; leave one of them out',
    })
  })

  it('is refused when an order of all documents stands beside one of some, and says why', () => {
    const rerank = { model: 'm', candidates: 20 }
    const sort = { sort: [{ field: 'year' }] }
    const like = { query: undefined, like: { id: 'd1' } }
    for (const [said, message] of [
      [
        { ...sort, rerank },
        /^rerank: does not go with sort: the hits would have two orders; leave rerank or sort out$/,
      ],
      [{ ...sort, hybrid: {} }, /^hybrid: does not go with sort: what is joined/],
    ] as const) {
      assert.throws(() => inputOf(said), { code: 'invalid_request', message })
    }
    assert.deepEqual(inputOf({ ...sort, ...like }).like, { id: 'd1' })
  })

  it('has any plan where groups are made of the best hits, and as many of these as a page has', () => {
    const groupBy = { group_by: { field: 'year', groups: 20, hits: 10 } }
    const planOf = (said: object) => inputOf({ ...groupBy, ...said }).plan
    const rerank = { model: 'm', candidates: 999 }
    assert.deepEqual(
      [planOf({}), planOf({ hybrid: {} }), planOf({ rerank }), planOf({ rerank, plan: 'graph' })],
      ['exact', 'auto', 'auto', 'graph'],
    )
    assert.equal(inputOf({ ...groupBy, hybrid: {} }).hybrid?.candidates, 200)
    for (const said of [{ hybrid: {} }, { rerank }]) {
      assert.throws(() => inputOf({ ...groupBy, ...said, k: 3 }), {
        code: 'invalid_request',
        message: /^k: with group_by/,
      })
    }
  })

  it('is refused with the place of what is wrong', () => {
    const groupBy = { group_by: { field: 'year' } }
    for (const [path, said] of [
      ['k', { ...groupBy, k: 3 }],
      ['sort', { ...groupBy, sort: [{ field: 'year' }] }],
      ['plan', { ...groupBy, plan: 'graph' }],
      ['recall', { plan: 'graph', recall: 0.9 }],
      ['hybrid', { sort: [{ field: 'year' }], hybrid: {} }],
      ['rerank.candidates', { k: 500, rerank: { model: 'm', candidates: 600 } }],
      ['rerank', { query: undefined, like: { id: 'a' }, rerank: { model: 'm' } }],
      ['hybrid', { query: { any: ['a', 'b'] }, hybrid: {} }],
      ['highlight', { highlight: {}, ids_only: true }],
      ['interpret', { query: { any: ['a', 'b'] }, interpret: true }],
    ] as const) {
      assert.throws(
        () => inputOf(said),
        ({ code, message, details }: HypershardError) => {
          assert.deepEqual([code, message.split(':')[0], details.path], ['invalid_request', path, path])
          return true
        },
      )
    }
  })

  it('is the same for a part of this program that says no more than a request does', () => {
    const said = { query: 'stars', k: 3, ids_only: true, generation: 2 }
    assert.deepEqual(searchInputOf('papers', said), inputOf(said))
  })
})
