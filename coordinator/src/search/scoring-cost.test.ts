import assert from 'node:assert/strict'
import { nothingScanned } from '@hypershard/common'
import type { Manifest } from '@hypershard/storage'
import { scoringCost } from './scoring-cost.ts'
import { searchInputOf } from './search-input.ts'

describe('what a search costs', () => {
  const manifest = { shards: 1, segments: [] as unknown } as Manifest
  const crossEncoder = { tokenParameters: 1_000, maxTokens: 64 }

  it('counts each candidate that is reranked as the longest pair, and afterwards the pairs that were scored', () => {
    const input = searchInputOf('papers', { query: 'stars', rerank: { model: 'pairs', candidates: 20 } })
    const cost = scoringCost(input, manifest, undefined, crossEncoder)
    assert.equal(cost.expected, 20 * 2 * 1_000 * 64)
    assert.equal(cost.of(nothingScanned, 3), 3 * 2 * 1_000 * 64)
    assert.equal(cost.of(nothingScanned), 0)
  })
})
