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

  it('is the same for a part of this program that says no more than a request does', () => {
    const said = { query: 'stars', k: 3, ids_only: true, generation: 2 }
    assert.deepEqual(searchInputOf('papers', said), inputOf(said))
  })
})
