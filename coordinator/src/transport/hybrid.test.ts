import assert from 'node:assert/strict'
import { Metadata } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { type TestKeys, writeTestKeys } from '@hypershard/harness'
import { SearchRequest, type SearchResponse, SearchServiceClient } from '@hypershard/proto/search'
import { type Answer, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const asked = {
  root: {},
  ada: { filter: { field: 'tenant', equals: 'ada' }, scopes: ['search'] },
  worded: { filter: { words: 'stars' }, scopes: ['search'] },
} as const

type Name = keyof typeof asked

/** Texts that repeat, so that scores tie; every third is another tenant's, and has a word more often. */
const documents = Array.from({ length: 30 }, (_, at) => ({
  id: `d${at}`,
  text: `stars ${'moon '.repeat(at % 3)}${at % 5 === 0 ? 'bright' : 'dust'}`,
  tenant: at % 3 === 0 ? 'bob' : 'ada',
}))
const hybrid = { lexical: 0.4, candidates: 12 }
const query = 'bright moon, moon'

const fields = { tenant: { type: 'keyword' } }
const lexical = { analyzer: 'english' }

describe('a hybrid search', () => {
  let keys: TestKeys<Name>
  let coordinator: TestCoordinator

  before(async () => {
    keys = await writeTestKeys<Name>(asked as never)
    const environment = { HYPERSHARD_KEYS: keys.path, HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000' }
    coordinator = await startTestCoordinator({ environment })
    for (const shards of [1, 2, 4, 8]) {
      await create(`s${shards}`, { shards })
      await put(`s${shards}`, [...documents, { id: 'gone', text: 'bright bright moon', tenant: 'ada' }])
      await put(`s${shards}`, [{ _op: 'delete', id: 'gone' }])
    }
    await create('adas', { shards: 1 })
    await put(
      'adas',
      documents.filter(({ tenant }) => tenant === 'ada'),
    )
    await create('wordless', { shards: 1, lexical: undefined })
    await put('wordless', documents.slice(0, 2))
  })

  after(async () => {
    await coordinator?.stop()
    await keys?.remove()
  })

  afterEach(() => {
    for (const server of coordinator.servers) {
      server.countFails = false
      server.counts.length = 0
    }
  })

  async function create(name: string, settings: object): Promise<void> {
    const made = await post('/v1/indexes', { name, fields, lexical, ...settings })
    assert.equal(made.status, 201, JSON.stringify(made.json))
  }

  function put(index: string, lines: readonly object[]): Promise<Answer> {
    const body = lines.map(line => JSON.stringify(line)).join('\n')
    const headers = { ...keys.headers.root, 'content-type': 'application/x-ndjson' }
    return request(`${coordinator.url}/v1/indexes/${index}/documents?wait_for=searchable`, {
      method: 'PUT',
      headers,
      body,
    })
  }

  function post(path: string, body: object, key: Name = 'root'): Promise<Answer> {
    const headers = { ...keys.headers[key], 'content-type': 'application/json' }
    return request(`${coordinator.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  const search = (index: string, change: object = {}, key: Name = 'root') =>
    post(`/v1/indexes/${index}/search`, { query, hybrid, cache: false, ...change }, key)

  async function hitsOf(index: string, change: object = {}, key?: Name) {
    const { status, json } = await search(index, change, key)
    assert.equal(status, 200, JSON.stringify(json))
    return json.hits as { id: string; score: number; scores: { qnet: number; lexical: number } }[]
  }

  it('says how its index keeps words', async () => {
    const { json } = await request(`${coordinator.url}/v1/indexes/s2`, { headers: keys.headers.root })
    assert.deepEqual(json.lexical, lexical)
    const { status, json: problem } = await post('/v1/indexes', { name: 'klingon', lexical: { analyzer: 'klingon' } })
    assert.equal(status, 400)
    assert.match(problem.detail, /lexical\.analyzer/)
  })

  for (const [what, change] of [
    ['by weight', {}],
    ['by ranks', { hybrid: { fusion: 'reciprocal_rank', candidates: 9 } }],
    ['of those that pass a filter', { filter: { field: 'tenant', equals: 'ada' } }],
    ['of those with a phrase', { filter: { must: [{ words: 'stars moon' }], must_not: [{ words: 'moons bright' }] } }],
  ] as const) {
    it(`gives the same from any number of shards, ties and deleted documents among them: ${what}`, async () => {
      const one = await hitsOf('s1', { k: 8, ...change })
      assert.equal(one.length, 8)
      assert.ok(one.some(({ scores }) => scores.lexical > 0) && !one.some(({ id }) => id === 'gone'))
      for (const index of ['s2', 's4', 's8']) assert.deepEqual(await hitsOf(index, { k: 8, ...change }), one)
    })
  }

  it('ranks by both scores, which it tells', async () => {
    const hits = await hitsOf('s4', { k: 12 })
    const best = Math.max(
      ...(await hitsOf('s4', { k: 12, hybrid: { lexical: 1 } })).map(({ scores }) => scores.lexical),
    )
    const byQNet = (await hitsOf('s4', { k: 12, hybrid: { ...hybrid, lexical: 0 } })).map(({ scores }) => scores.qnet)
    const [most, least] = [byQNet[0]!, byQNet[11]!]
    for (const { score, scores } of hits) {
      const ofQNet = (scores.qnet - least) / (most - least)
      assert.ok(Math.abs(score - (0.6 * ofQNet + 0.4 * (scores.lexical / best))) < 1e-9)
    }
    assert.deepEqual(
      (await hitsOf('s4', { k: 12, hybrid: { ...hybrid, lexical: 0 } })).map(({ id }) => id).slice(0, 6),
      (await post('/v1/indexes/s4/search', { query, k: 6 })).json.hits.map(({ id }: { id: string }) => id),
    )
  })

  it('goes on with its cursor to the end of what it joined, and refuses that of another weight', async () => {
    const whole = await hitsOf('s4', { k: 12 })
    const paged = []
    let cursor: string | undefined
    let pages = 0
    do {
      const { json } = await search('s4', { k: 5, ...(cursor && { cursor }) })
      paged.push(...json.hits)
      cursor = json.next_cursor ?? undefined
    } while (cursor !== undefined && ++pages < 10)
    assert.ok(paged.length >= whole.length)
    assert.deepEqual(paged.slice(0, 12), whole)
    assert.equal(new Set(paged.map(({ id }) => id)).size, paged.length)
    const first = (await search('s4', { k: 5 })).json.next_cursor
    const { status, json } = await search('s4', { k: 5, cursor: first, hybrid: { ...hybrid, lexical: 0.5 } })
    assert.deepEqual([status, json.code], [400, 'invalid_cursor'])
  })

  it('counts words once a version, and keeps answers by weight', async () => {
    const asks = () => coordinator.servers.reduce((sum, { counts }) => sum + counts.length, 0)
    const said = { query: 'dust dust', cache: true }
    const first = await search('s2', said)
    const asked = asks()
    assert.ok(asked > 0)
    const again = await search('s2', { ...said, k: 9 })
    assert.equal(asks(), asked)
    assert.ok(!again.json.cached && (await search('s2', said)).json.cached)
    const { json } = await search('s2', { ...said, hybrid: { lexical: 0.9 } })
    assert.ok(!json.cached)
    assert.notDeepEqual(json.hits, first.json.hits)
  })

  it('says which shards are missing where nobody tells their words, rather than score by those of others', async () => {
    coordinator.servers[0]!.countFails = true
    const { status, json } = await search('s8', { query: 'stars' })
    assert.deepEqual([status, json.code], [503, 'insufficient_coverage'])
    assert.match(json.detail, /shard \d on shard-0\.test:7710 \(internal\)/)
    const partial = await search('s8', { query: 'stars', min_coverage: 0.1 })
    assert.equal(partial.status, 200)
    const { ratio, missing } = partial.json.coverage
    assert.ok(ratio < 1 && missing.length > 0)
    coordinator.servers[0]!.countFails = false
    const whole = await search('s8', { query: 'stars' })
    assert.equal(whole.json.coverage.ratio, 1)
    assert.deepEqual(whole.json.hits, await hitsOf('s1', { query: 'stars' }))
  })

  it("gives a tenant scores that other tenants' documents change nothing of", async () => {
    const facts = (hits: Awaited<ReturnType<typeof hitsOf>>) =>
      hits.map(({ id, score, scores }) => ({ id, score, scores }))
    assert.deepEqual(facts(await hitsOf('s4', {}, 'ada')), facts(await hitsOf('adas')))
    const filter = { field: 'tenant', equals: 'ada' }
    assert.notDeepEqual(facts(await hitsOf('s4', { filter })), facts(await hitsOf('adas')))
  })

  it('has the words that a filter asks for, as counts, listings and deletions have', async () => {
    const filter = { must: [{ words: 'Star moons' }], must_not: [{ words: 'dust' }] }
    const expected = documents.filter(({ text }) => /stars moon/.test(text) && !/dust/.test(text))
    const idsOf = (hits: readonly { id: string }[]) => hits.map(({ id }) => id).toSorted()
    const ids = idsOf(expected)
    assert.ok(ids.length > 2)
    assert.deepEqual(idsOf(await hitsOf('s4', { filter, k: 30 })), ids)
    assert.deepEqual(idsOf((await search('s4', { filter, k: 30, hybrid: undefined })).json.hits), ids)
    const path = '/v1/indexes/s4/documents'
    assert.equal((await post(`${path}/count`, { filter })).json.count, ids.length)
    assert.deepEqual(idsOf((await post(`${path}/list`, { filter })).json.documents), ids)
    const adas = idsOf(expected.filter(({ tenant }) => tenant === 'ada'))
    assert.deepEqual(idsOf(await hitsOf('s4', { filter, k: 30 }, 'ada')), adas)
    const explained = await post(`${path}/d1/explain`, {
      query,
      filter: { must: [{ words: 'moon dust' }, { words: 'sun' }] },
    })
    assert.deepEqual(explained.json.filter, { passes: false, failing: [{ path: 'filter.must.1' }] })
    await put('adas', [{ id: 'odd', text: 'a phrase of its own', tenant: 'ada' }])
    const own = { filter: { words: 'phrase of its own' } }
    const deleted = await post('/v1/indexes/adas/documents/delete-by-filter?wait_for=searchable', own)
    assert.deepEqual([deleted.status, deleted.json.deleted], [200, 1], JSON.stringify(deleted.json))
  })

  it('does not let a key in whose filter has words: with its text a document would change its owner', async () => {
    const { status, json } = await search('s1', {}, 'worded')
    assert.deepEqual([status, json.code], [403, 'forbidden'])
  })

  it('is one of a batch, and over gRPC the same', async () => {
    const hits = await hitsOf('s2')
    const { json } = await post('/v1/indexes/s2/search/batch', { searches: [{ query, hybrid }, { query }] })
    assert.deepEqual(json.outcomes[0].answer.hits, hits)
    assert.equal(json.outcomes[1].answer.hits[0].scores, undefined)
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.root.authorization)
    const call = (message: SearchRequest, _: Metadata, options: object, done: never) =>
      client.search(message, metadata, options, done)
    try {
      const asked = SearchRequest.fromPartial({ index: 's2', query, hybrid })
      const answer = (await callUnary(call as never, asked, Deadline.after(10_000), 'coordinator')) as SearchResponse
      assert.deepEqual(
        answer.hits.map(({ id, scores }) => ({ id, scores })),
        hits.map(({ id, scores }) => ({ id, scores })),
      )
    } finally {
      client.close()
    }
  })

  it('is reranked like any other: its first hits by the cross-encoder, in one order of all pages and shards', async () => {
    const idsOf = (hits: { id: string }[]) => hits.map(({ id }) => id)
    const rerank = { model: 'pairs', candidates: 14 }
    // As many are joined as are reranked.
    const joined = idsOf((await search('s1', { k: 14, hybrid: { ...hybrid, candidates: 14 } })).json.hits)
    const orders: string[][] = []
    for (const shards of [1, 2, 4, 8]) {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const { json } = await search(`s${shards}`, { k: 6, hybrid, rerank, ...(cursor && { cursor }) })
        found.push(...idsOf(json.hits))
        cursor = json.next_cursor ?? undefined
      } while (cursor !== undefined)
      orders.push(found)
    }
    for (const order of orders) assert.deepEqual(order, orders[0])
    assert.equal(new Set(orders[0]).size, orders[0]!.length)
    assert.deepEqual(orders[0]!.slice(0, 14).sort(), joined.sort())
    const one = (await search('s4', { k: 2, hybrid: { ...hybrid, candidates: 3 }, rerank })).json
    assert.deepEqual([one.rerank.reranked, one.rerank.documents], [true, 14])
    assert.ok(one.hits.every((hit: { scores?: object }) => hit.scores !== undefined))
  })

  const refused: readonly [what: string, index: string, change: object, says: RegExp][] = [
    ['an index without words', 'wordless', {}, /`wordless` keeps no words/],
    [
      'words of an index without',
      'wordless',
      { hybrid: undefined, filter: { words: 'stars' } },
      /filter\.words: no words are kept/,
    ],
    ['a vector', 's1', { query: undefined, vector: Array(16).fill(1) }, /hybrid: words are taken from `query`/],
    [
      'a weight of ranks',
      's1',
      { hybrid: { fusion: 'reciprocal_rank', lexical: 0.1 } },
      /lexical belongs to the fusion convex/,
    ],
    ['a weight above 1', 's1', { hybrid: { lexical: 1.5 } }, /hybrid\.lexical/],
    ['an unknown fusion', 's1', { hybrid: { fusion: 'cold' } }, /hybrid\.fusion/],
    ['too many candidates', 's1', { hybrid: { candidates: 1_001 } }, /hybrid\.candidates/],
  ]
  for (const [what, index, change, says] of refused) {
    it(`refuses ${what}`, async () => {
      const { status, json } = await search(index, change)
      assert.deepEqual([status, json.code], [400, 'invalid_request'])
      assert.match(json.detail, says)
    })
  }
})
