import assert from 'node:assert/strict'
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
    const groupBy = { group_by: { field: 'year' } }
    const sort = { sort: [{ field: 'year' }] }
    const like = { query: undefined, like: { id: 'd1' } }
    for (const [said, message] of [
      [{ ...groupBy, rerank }, /^rerank: does not go with group_by: a cross-encoder reads the first hits alone/],
      [{ ...groupBy, hybrid: {} }, /^hybrid: does not go with group_by: what is joined/],
      [{ ...groupBy, ...like }, /^like: does not go with group_by: the document .*; leave like or group_by out$/],
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

  it('is the same for a part of this program that says no more than a request does', () => {
    const said = { query: 'stars', k: 3, ids_only: true, generation: 2 }
    assert.deepEqual(searchInputOf('papers', said), inputOf(said))
  })
})
