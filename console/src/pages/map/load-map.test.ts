import assert from 'node:assert/strict'
import type { SearchAnswer, StoredDocument } from '@hypershard/contract'
import { type LoadedMap, loadMap, type MapClient, ranksOf, sharedBest } from './load-map.ts'

const hits = [
  { id: 'a', score: 3, estimate: 2.5, title: 'A', text: 'of a' },
  { id: 'b', score: 2, estimate: 2.9, title: 'B', text: 'of b' },
  { id: 'c', score: 1, estimate: 0.5 },
  { id: 'gone', score: 0.5, estimate: 0.4 },
  { id: 'long', score: 0.4, estimate: 0.3 },
  { id: 'broken', score: null },
]
const vectors: Readonly<Record<string, readonly number[] | null>> = {
  a: [0, 0, 2],
  b: [0, 2, 0],
  c: [2, 0, 0],
  long: null,
}

function clientOf(given: readonly object[] = hits) {
  const asked: unknown[] = []
  let underWay = 0
  let most = 0
  const client: MapClient = {
    search: async (index, request) => {
      asked.push([index, request])
      return { hits: given } as SearchAnswer
    },
    getDocument: async (_, id, options) => {
      assert.equal(options?.vector, true)
      most = Math.max(most, ++underWay)
      await new Promise(resolve => setImmediate(resolve))
      underWay--
      if (id === 'down') throw Object.assign(new Error('cannot reach it'), { code: 'unavailable' })
      if (!(id in vectors)) throw Object.assign(new Error('no document'), { code: 'document_not_found' })
      const values = vectors[id]
      return { id, vector: values && { model: 'm', values } } as StoredDocument
    },
  }
  return { client, asked, most: () => most }
}

const state = { index: 'papers', query: 'stars', points: 50 }
const wish = { signal: new AbortController().signal, profile: true, onProgress: () => {} }

describe('a map of hits', () => {
  it('has each hit at its place, with its ranks by q-net and tangent', async () => {
    const { client, asked } = clientOf()
    const progress: number[] = []
    const map = await loadMap(client, state, { ...wish, onProgress: done => void progress.push(done) })
    assert.deepEqual(asked, [['papers', { query: 'stars', k: 50, plan: 'tangent', candidates: 50, profile: true }]])
    assert.deepEqual(
      map.points.map(({ id, rank, estimateRank, title }) => [id, rank, estimateRank, title]),
      [
        ['a', 1, 2, 'A'],
        ['b', 2, 1, 'B'],
        ['c', 3, 3, ''],
      ],
    )
    // Three points lie in a plane: their distances, all of sqrt(8), are kept.
    for (const [p, q] of [
      [0, 1],
      [1, 2],
      [0, 2],
    ] as const) {
      const [a, b] = [map.points[p]!, map.points[q]!]
      assert.ok(Math.abs(Math.hypot(a.x - b.x, a.y - b.y) - Math.sqrt(8)) < 1e-6)
    }
    assert.deepEqual([map.withoutVector, progress], [3, [1, 2, 3, 4, 5]])
  })

  it('looks for any of several meanings, beside the mean of all', async () => {
    const { client, asked } = clientOf([
      { id: 'a', score: 4, leaf: 0, leaf_scores: [4, -1] },
      { id: 'b', score: 3.5, leaf: 1, leaf_scores: [0, 3.5] },
      { id: 'c', score: 2.5, leaf: 1, leaf_scores: [2, 2.5] },
    ])
    const map = await loadMap(client, { ...state, query: ' how stars end\n\nwhy bread rises \n' }, wish)
    const query = { any: ['how stars end', 'why bread rises'] }
    assert.deepEqual(asked, [['papers', { query, k: 50, plan: 'exact' }]])
    assert.deepEqual(map.meanings, query.any)
    assert.deepEqual(
      map.points.map(({ id, meaning, estimate, estimateRank }) => [id, meaning, estimate, estimateRank]),
      [
        ['a', 0, 1.5, 3],
        ['b', 1, 1.75, 2],
        ['c', 1, 2.25, 1],
      ],
    )
  })

  it('asks for a bounded number of documents at a time, and ends with a failure', async () => {
    const many = Array.from({ length: 40 }, (_, at) => ({ id: ['a', 'b', 'c'][at % 3], score: 40 - at }))
    const bounded = clientOf(many)
    assert.equal((await loadMap(bounded.client, state, wish)).points.length, 40)
    assert.equal(bounded.most(), 6)
    const { client } = clientOf([...many, { id: 'down', score: 0 }])
    await assert.rejects(loadMap(client, state, wish), /cannot reach it/)
  })

  it('does without estimates where there are none', async () => {
    const { client } = clientOf(hits.map(({ id, score }) => ({ id, score })))
    const { points } = await loadMap(client, state, { ...wish, profile: false })
    assert.deepEqual(
      points.map(({ estimateRank }) => estimateRank),
      [undefined, undefined, undefined],
    )
    assert.equal(sharedBest(points, 2), undefined)
  })

  it('counts how many of the best both agree on', () => {
    const pointOf = (rank: number, estimateRank: number) => ({ rank, estimateRank }) as LoadedMap['points'][number]
    assert.equal(sharedBest([pointOf(1, 4), pointOf(2, 1), pointOf(3, 2), pointOf(4, 3)], 2), 1)
    assert.deepEqual(ranksOf([5, undefined, 7, 5]), [2, undefined, 1, 3])
  })
})
