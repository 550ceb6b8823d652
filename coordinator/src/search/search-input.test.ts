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

  it('is refused when groups, or what is sorted, are to be reranked', () => {
    const rerank = { model: 'm', candidates: 20 }
    const message = 'rerank: does not go with group_by yet; leave rerank or group_by out'
    assert.throws(() => inputOf({ group_by: { field: 'year' }, rerank }), { code: 'invalid_request', message })
    const hybrid = { message: 'hybrid: does not go with sort yet; leave hybrid or sort out' }
    assert.throws(() => inputOf({ sort: [{ field: 'year' }], hybrid: {} }), hybrid)
    const sorted = { message: 'rerank: does not go with sort yet; leave rerank or sort out' }
    assert.throws(() => inputOf({ sort: [{ field: 'year' }], rerank }), sorted)
  })

  it('is the same for a part of this program that says no more than a request does', () => {
    const said = { query: 'stars', k: 3, ids_only: true, generation: 2 }
    assert.deepEqual(searchInputOf('papers', said), inputOf(said))
  })
})
