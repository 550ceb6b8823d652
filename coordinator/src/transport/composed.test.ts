import assert from 'node:assert/strict'
import { post, put, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const documents = [
  { id: 's', text: 'stars stars', kind: 'sky' },
  { id: 'm', text: 'moon', kind: 'sky' },
  { id: 'sm', text: 'stars moon', kind: 'both' },
  { id: 't', text: 'tides', kind: 'sea' },
  { id: 'st', text: 'stars tides tides', kind: 'both' },
]

describe('composed searches over HTTP', () => {
  let coordinator: TestCoordinator
  let index: string

  before(async () => {
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000' } })
    index = `${coordinator.url}/v1/indexes/papers`
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2, fields: { kind: { type: 'keyword' } } })
    await put(`${index}/documents`, documents)
  })

  after(() => coordinator.stop())

  const search = (body: object) => post(`${index}/search`, { plan: 'exact', ids_only: true, ...body })
  const idsOf = (hits: readonly { readonly id: string }[]) => hits.map(({ id }) => id)

  it('tell of each hit which leaf it is for, and what all leaves say', async () => {
    const { status, json } = await search({ query: { any: ['stars', { text: 'tides', weight: 2 }, { not: 'moon' }] } })
    assert.equal(status, 200)
    assert.deepEqual(json.leaves, ['any[0]', 'any[1]', 'any[2].not'])
    assert.deepEqual(json.hits, [
      { id: 'st', score: 4, leaf: 1, leaf_scores: [1, 2, 0] },
      { id: 's', score: 2, leaf: 0, leaf_scores: [2, 0, 0] },
      { id: 't', score: 2, leaf: 1, leaf_scores: [0, 1, 0] },
      { id: 'sm', score: 0, leaf: 0, leaf_scores: [1, 0, 1] },
      { id: 'm', score: -1, leaf: 0, leaf_scores: [0, 0, 1] },
    ])
    assert.equal(json.query_tokens, 3)
  })

  it('of one leaf are searches of its text, answer and all', async () => {
    const plain = await search({ query: 'stars' })
    const { took_ms: _, cached: __, ...expected } = plain.json
    for (const query of [{ text: 'stars' }, { any: ['stars'] }]) {
      const { took_ms: ___, cached, ...found } = (await search({ query })).json
      assert.deepEqual([found, cached], [expected, true])
    }
  })

  it('go with filters, facets, groups, orders, cursors, batches and kept answers', async () => {
    const query = { any: ['stars', 'moon'] }
    const filtered = await search({ query, filter: { field: 'kind', equals: 'sky' }, facets: [{ field: 'kind' }] })
    assert.deepEqual([idsOf(filtered.json.hits), filtered.json.facets[0].distinct], [['s', 'm'], 1])
    const grouped = await post(`${index}/search`, { query, group_by: { field: 'kind', groups: 2, hits: 1 } })
    assert.deepEqual(
      grouped.json.groups.map(({ value, hits }: { value: string; hits: { leaf: number }[] }) => [value, hits[0]!.leaf]),
      [
        ['sky', 0],
        ['both', 0],
      ],
    )
    const sorted = await post(`${index}/search`, { query, sort: [{ field: 'kind' }], k: 3, ids_only: true })
    assert.deepEqual(
      sorted.json.hits.map(({ id, leaf_scores: scores }: { id: string; leaf_scores: number[] }) => [id, scores]),
      [
        ['sm', [1, 1]],
        ['st', [1, 0]],
        ['t', [0, 0]],
      ],
    )
    const first = await search({ query, k: 2 })
    const next = await search({ query, k: 3, cursor: first.json.next_cursor })
    assert.deepEqual(idsOf([...first.json.hits, ...next.json.hits]), ['s', 'm', 'sm', 'st', 't'])
    const other = await search({ query: { any: ['moon', 'stars'] }, k: 2, cursor: first.json.next_cursor })
    assert.equal(other.json.code, 'invalid_cursor')
    const again = await search({ query, k: 2 })
    assert.deepEqual(
      [again.json.cached, again.json.hits, again.json.leaves],
      [true, first.json.hits, ['any[0]', 'any[1]']],
    )
    const batch = await post(`${index}/search/batch`, {
      searches: [{ query, ids_only: true, plan: 'exact', k: 2 }, { query: { any: [] } }],
    })
    assert.deepEqual(batch.json.outcomes[0].answer.hits, first.json.hits)
    assert.deepEqual([batch.json.outcomes[1].status, batch.json.outcomes[1].problem.details.path], [400, 'query.any'])
  })

  it('encode each text once, and one that was encoded not again', async () => {
    // Tells how large q-nets are.
    await search({ query: 'said before' })
    const before = coordinator.encoder.queriesEncoded
    const query = { any: ['new one', { all: ['new one', 'new two'] }, 'stars'] }
    const { json } = await search({ query, profile: true })
    assert.equal(coordinator.encoder.queriesEncoded, before + 2)
    assert.deepEqual(coordinator.encoder.callsOfSeveral.at(-1), ['new one', 'new two'])
    assert.equal(json.profile.qnet_cached, false)
    const again = await search({ query, profile: true })
    assert.deepEqual([coordinator.encoder.queriesEncoded, again.json.profile.qnet_cached], [before + 2, true])
  })

  it('are refused with what has no meaning for several texts, and with the place of what is wrong', async () => {
    const query = { any: ['stars', 'moon'] }
    const cases: [object, RegExp][] = [
      [{ query, rerank: { model: 'pairs' } }, /^rerank: reads one text/],
      [{ query, hybrid: {} }, /^hybrid: takes words from one text/],
      [
        { query: { any: [{ like: ['s'] }, { not: 'moon' }] }, highlight: {}, ids_only: false },
        /^highlight: takes its words from texts outside of `not`/,
      ],
      [{ query, vector: [1] }, /^query and vector are given/],
      [{ query: { any: ['stars', { text: 'moon', weight: 0 }] } }, /^query\.any\[1\]\.weight: must be/],
      [{ query: { any: ['stars', { vector: [1, 2] }] } }, /^query\.any\[1\]\.vector: /],
      [{ query: { not: 'stars' } }, /^query: `not` alone/],
      [{ query: 7 }, /^body\.query: must be a text or an expression/],
      [{ query: ' ' }, /^body\.query: must not be blank/],
    ]
    for (const [body, detail] of cases) {
      const { status, json } = await search(body)
      assert.deepEqual([status, json.code], [400, 'invalid_request'])
      assert.match(json.detail, detail)
    }
    const weights = Buffer.alloc(64).toString('base64')
    const mixed = await search({ query: { any: ['stars', { qnet: { weights, model: 'ab'.repeat(32) } }] } })
    assert.deepEqual([mixed.status, mixed.json.code, mixed.json.details.path], [409, 'model_mismatch', 'query.any[1]'])
    assert.match(mixed.json.detail, /^query\.any\[1\]\.qnet\.model: must be the digest/)
  })

  it('are like documents, which are no hits, and far from others', async () => {
    const { json } = await search({ query: { any: [{ like: ['s', 't'] }, { not: { like: ['m'] } }] } })
    assert.deepEqual(json.leaves, ['any[0]', 'any[1].not'])
    // Half of the words of both, and all of one's.
    assert.deepEqual(json.hits, [
      { id: 'st', score: 2, leaf: 0, leaf_scores: [2, 0] },
      { id: 'sm', score: 0, leaf: 0, leaf_scores: [1, 1] },
    ])
    const alone = await search({ query: { like: ['s', 't'] }, k: 1 })
    assert.deepEqual([alone.json.leaves, alone.json.hits[0].score], [undefined, 2])
    assert.deepEqual([idsOf(alone.json.hits), alone.json.next_cursor === null], [['st'], false])
    const next = await search({ query: { like: ['s', 't'] }, k: 5, cursor: alone.json.next_cursor })
    assert.deepEqual([idsOf(next.json.hits), next.json.next_cursor], [['sm', 'm'], null])
    const explained = await post(`${index}/documents/sm/explain`, { query: { like: ['s', 't'] }, plan: 'exact' })
    assert.equal(explained.json.rank, 2)
    const missing = await search({ query: { any: ['stars', { like: ['s', 'nobody'] }] } })
    assert.deepEqual([missing.status, missing.json.code], [404, 'document_not_found'])
    assert.equal(missing.json.details.path, 'query.any[1].like[1]')
    const sorted = await search({ query: { like: ['s', 't'] }, sort: [{ field: 'kind' }], k: 2 })
    assert.deepEqual(idsOf(sorted.json.hits), ['st', 'sm'])
    const grouped = await search({ query: { any: ['moon', { like: ['s'] }] }, group_by: { field: 'kind', hits: 9 } })
    const inGroups = grouped.json.groups.flatMap(({ hits }: { hits: { id: string }[] }) => idsOf(hits))
    assert.equal(inGroups.length > 0 && !inGroups.includes('s'), true)
  })

  it('explain a document in the score of its hit', async () => {
    const query = { any: ['stars', { not: 'moon' }] }
    const { json } = await search({ query })
    const place = json.hits.findIndex(({ id }: { id: string }) => id === 'sm')
    const explained = await post(`${index}/documents/sm/explain`, { query, plan: 'exact' })
    assert.deepEqual([explained.status, explained.json.rank], [200, place + 1])
    const { id: _, ...ofHit } = json.hits[place]
    assert.partialDeepStrictEqual(explained.json, { ...ofHit, leaves: json.leaves })
  })
})
