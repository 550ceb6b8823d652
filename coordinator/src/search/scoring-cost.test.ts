import assert from 'node:assert/strict'
import { nothingScanned } from '@hypershard/common'
import { interpretedPiecesMax } from '@hypershard/proto/limits'
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
    assert.equal(cost.of(nothingScanned, { pairs: 3 }), 3 * 2 * 1_000 * 64)
    assert.equal(cost.of(nothingScanned), 0)
  })

  it('counts the best by words of each shard beside what its plan scores, and nothing where nothing was begun', () => {
    const segments = [0, 1].map(shard => ({ shard, documents: 50, deleted: null }))
    const two = { shards: 2, segments: segments as unknown } as Manifest
    const input = searchInputOf('papers', { query: 'stars', plan: 'exact', hybrid: { candidates: 20 } })
    const cost = scoringCost(input, two, { qnetParameters: 10, vectorWidth: 1 })
    assert.equal(cost.expected, 2 * 10 * (100 + 2 * 20))
    assert.equal(cost.of({ ...nothingScanned, documentsScored: 100 }), cost.expected)
    assert.equal(cost.of(nothingScanned), 0)
  })

  it('counts as many leaves as a text may be split into, and afterwards those that it was', () => {
    const segments = [{ shard: 0, documents: 50, deleted: null }]
    const one = { shards: 1, segments: segments as unknown } as Manifest
    const input = searchInputOf('papers', { query: 'stars', plan: 'exact', interpret: true })
    const cost = scoringCost(input, one, { qnetParameters: 10, vectorWidth: 1 })
    const counts = { ...nothingScanned, documentsScored: 50 }
    assert.equal(cost.expected, 2 * 10 * 50 * interpretedPiecesMax)
    assert.equal(cost.of(counts, { pieces: 3 }), 2 * 10 * 50 * 3)
    assert.equal(cost.of(counts), 2 * 10 * 50)
  })
})
