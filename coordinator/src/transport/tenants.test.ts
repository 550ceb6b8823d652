import assert from 'node:assert/strict'
import { Metadata } from '@grpc/grpc-js'
import { Deadline, HypershardError } from '@hypershard/common'
import { connectClient } from '@hypershard/common/grpc'
import { type TestKeys, writeTestKeys } from '@hypershard/harness'
import { SearchRequest, type SearchResponse, SearchServiceClient } from '@hypershard/proto/search'
import { type Answer, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const ofTenant = (tenant: string) => ({ filter: { field: 'tenant', equals: tenant } })
const asked = {
  root: {},
  ada: { ...ofTenant('ada'), scopes: ['search', 'read', 'write'] },
  bob: { ...ofTenant('bob'), scopes: ['search', 'read', 'write'] },
  metered: { ...ofTenant('ada'), limits: { gigaflops_per_second: 1e-9 } },
  ofAnotherField: { filter: { field: 'owner', equals: 'ada' } },
  adaAdmin: ofTenant('ada'),
} as const

type Name = keyof typeof asked

const document = (id: string, tenant: string, text = 'stars') => ({ id, text, tenant })

describe('a key with a filter', () => {
  let keys: TestKeys<Name>
  let coordinator: TestCoordinator

  before(async () => {
    keys = await writeTestKeys<Name>(asked as never)
    const environment = { HYPERSHARD_KEYS: keys.path, HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000' }
    coordinator = await startTestCoordinator({ environment })
    await ask('POST', '/v1/indexes', 'root', { name: 'papers', shards: 2, fields: { tenant: { type: 'keyword' } } })
    const all = [1, 2, 3].flatMap(at => [document(`a${at}`, 'ada', `stars ${at}`), document(`b${at}`, 'bob', 'stars')])
    assert.equal((await write('root', [...all, { id: 'nobodys', text: 'stars' }])).json.accepted, 7)
  })

  after(async () => {
    await coordinator?.stop()
    await keys?.remove()
  })

  function ask(method: string, path: string, key: Name, body?: unknown): Promise<Answer> {
    const headers = { ...keys.headers[key], ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return request(`${coordinator.url}${path}`, { method, headers, ...sent })
  }

  function write(key: Name, lines: readonly object[], headers: Record<string, string> = {}): Promise<Answer> {
    return request(`${coordinator.url}/v1/indexes/papers/documents?wait_for=searchable`, {
      method: 'PUT',
      headers: { ...keys.headers[key], 'content-type': 'application/x-ndjson', ...headers },
      body: lines.map(line => JSON.stringify(line)).join('\n'),
    })
  }

  const search = (key: Name, body: object = {}) =>
    ask('POST', '/v1/indexes/papers/search', key, { query: 'stars', ...body })

  const idsOf = ({ json }: Answer) => json.hits.map(({ id }: { id: string }) => id).sort()

  it('finds its own documents alone, and counts no others', async () => {
    const found = await search('ada')
    assert.deepEqual(idsOf(found), ['a1', 'a2', 'a3'])
    const { documents_eligible: eligible, documents_matched: matched, documents_scored: scored } = found.json.coverage
    assert.deepEqual([eligible, matched, scored], [3, 3, 3])
    assert.equal((await search('root')).json.coverage.documents_eligible, 7)
  })

  it('composes no queries, whose scores would tell of all documents, and is like its own documents alone', async () => {
    const query = { any: ['stars', { not: 'moon' }] }
    const refused = await search('ada', { query })
    assert.deepEqual([refused.status, refused.json.code, refused.json.details.path], [403, 'forbidden', 'query'])
    assert.equal((await search('root', { query })).status, 200)
    const explained = await ask('POST', '/v1/indexes/papers/documents/a1/explain', 'ada', { query })
    assert.deepEqual([explained.status, explained.json.code], [403, 'forbidden'])
    assert.deepEqual(idsOf(await search('ada', { query: { any: ['stars'] } })), ['a1', 'a2', 'a3'])
    assert.deepEqual(idsOf(await search('ada', { query: { like: ['a1', 'a2'] } })), ['a3'])
    const others = await search('ada', { query: { like: ['a1', 'b1'] } })
    assert.deepEqual(
      [others.status, others.json.code, others.json.details.path],
      [404, 'document_not_found', 'query.like[1]'],
    )
    assert.equal((await search('root', { query: { like: ['a1', 'b1'] } })).status, 200)
  })

  it('has no text interpreted, which would be a composed query', async () => {
    const asked = { query: 'stars or moon', interpret: true }
    const refused = await search('ada', asked)
    assert.deepEqual([refused.status, refused.json.code, refused.json.details.path], [403, 'forbidden', 'interpret'])
    assert.match(refused.json.detail, /^interpret: .* has a filter, and may not compose queries/)
    assert.equal((await search('ada', { ...asked, interpret: false })).status, 200)
    assert.deepEqual((await search('root', asked)).json.interpretation, { any: ['stars', 'moon'] })
  })

  it('has its own documents reranked alone, and is told of no server that fails', async () => {
    const { encoder } = coordinator
    const read: string[] = []
    const score = encoder.scorePairs.bind(encoder)
    encoder.scorePairs = async (pairs, context) => {
      read.push(...pairs.texts)
      return score(pairs, context)
    }
    const rerank = { model: 'pairs' }
    const found = await search('ada', { rerank })
    assert.deepEqual([idsOf(found), found.json.rerank.documents], [['a1', 'a2', 'a3'], 3])
    assert.deepEqual(read.sort(), ['stars 1', 'stars 2', 'stars 3'])
    encoder.scorePairs = async () => {
      throw new HypershardError('unavailable', 'encoder service 10.0.0.7:7702 is away')
    }
    const { code, message } = (await search('ada', { query: 'stars 1', rerank })).json.rerank
    encoder.scorePairs = score
    assert.deepEqual([code, message], ['unavailable', 'the hits were not reranked'])
  })

  it('is not widened by the filter of a request', async () => {
    for (const filter of [
      { field: 'tenant', equals: 'bob' },
      {
        should: [
          { field: 'tenant', exists: true },
          { field: 'tenant', exists: false },
        ],
      },
      { must_not: { field: 'tenant', equals: 'ada' } },
    ]) {
      const ids = idsOf(await search('ada', { filter }))
      assert.ok(
        ids.every((id: string) => id.startsWith('a')),
        ids.join(),
      )
    }
    const wrong = await search('ada', { filter: { field: 'tenants', equals: 'ada' } })
    assert.match(wrong.json.detail, /^body\.filter\.field: /)
  })

  it('is told counts of its own documents alone', async () => {
    const facets = [{ field: 'tenant' }]
    const { json } = await search('ada', { facets, filter: { field: 'tenant', exists: true } })
    assert.deepEqual(json.facets, [{ field: 'tenant', values: [{ value: 'ada', count: 3 }], distinct: 1 }])
    assert.equal((await search('root', { facets })).json.facets[0].distinct, 2)
  })

  it('gets no answer that was kept for another', async () => {
    assert.deepEqual(idsOf(await search('bob')), ['b1', 'b2', 'b3'])
    const again = await search('bob')
    assert.deepEqual([again.json.cached, idsOf(again)], [true, ['b1', 'b2', 'b3']])
    assert.deepEqual(idsOf(await search('ada')), ['a1', 'a2', 'a3'])
  })

  it('turns its pages by cursors of its own', async () => {
    const first = await search('ada', { k: 2 })
    const cursor = first.json.next_cursor
    assert.equal((await search('bob', { k: 2, cursor })).json.code, 'invalid_cursor')
    assert.equal((await search('root', { k: 2, cursor })).json.code, 'invalid_cursor')
    const second = await search('ada', { k: 2, cursor })
    assert.deepEqual([...idsOf(first), ...idsOf(second)].sort(), ['a1', 'a2', 'a3'])
  })

  it('gets no profile, and no route that is of all documents', async () => {
    assert.equal((await search('ada', { profile: true })).status, 403)
    for (const path of [
      '/v1/indexes',
      '/v1/indexes/papers',
      '/v1/indexes/papers/aside',
      '/v1/cluster',
      '/v1/aliases',
    ]) {
      assert.equal((await ask('GET', path, 'adaAdmin')).status, 403, path)
    }
    assert.equal((await ask('DELETE', '/v1/indexes/papers', 'adaAdmin')).status, 403)
    assert.equal((await ask('POST', '/v1/indexes/papers/snapshots', 'adaAdmin', { name: 'x' })).status, 403)
  })

  it('reads its own documents, and of others what it reads of none', async () => {
    const get = (id: string) => ask('GET', `/v1/indexes/papers/documents/${id}`, 'ada')
    assert.equal((await get('a1')).status, 200)
    const other = await get('b1')
    assert.equal(other.status, 404)
    const { request_id: _, ...problem } = other.json
    const { request_id: __, ...ofNone } = (await get('b9')).json
    assert.deepEqual(problem, JSON.parse(JSON.stringify(ofNone).replaceAll('b9', 'b1')))
    assert.equal((await get('nobodys')).status, 404)
  })

  it('puts what passes its filter, and is told the line of what does not', async () => {
    const { json } = await write('ada', [document('a4', 'ada'), document('a5', 'bob'), { id: 'a6', text: 'stars' }])
    assert.deepEqual([json.accepted, json.failed], [1, 2])
    assert.deepEqual(
      json.errors.map(({ line, code }: { line: number; code: string }) => [line, code]),
      [
        [2, 'forbidden'],
        [3, 'forbidden'],
      ],
    )
    await write('ada', [{ id: 'a4', _op: 'delete' }])
  })

  it("replaces and deletes no other tenant's document", async () => {
    const { json } = await write('ada', [document('b1', 'ada', 'taken'), { ...document('b2', 'ada'), _if_version: 0 }])
    assert.deepEqual([json.accepted, json.failed, json.errors[0].code], [0, 2, 'forbidden'])
    const deleted = await write('ada', [{ id: 'b1', _op: 'delete' }])
    const nothing = await write('ada', [{ id: 'b9', _op: 'delete' }])
    const without = ({ json: { took_ms: _, ...report } }: Answer) => report
    assert.equal(deleted.json.accepted, 1)
    assert.deepEqual(without(deleted), without(nothing))
    const byId = await ask('POST', '/v1/indexes/papers/documents/delete', 'ada', { ids: ['b2', 'b3'] })
    assert.deepEqual([byId.json.accepted, byId.json.sequence], [2, null])
    const versioned = await write('ada', [{ id: 'b1', _op: 'delete', _if_version: 1 }])
    assert.match(versioned.json.errors[0].message, /does not exist/)
    assert.deepEqual(idsOf(await search('bob', { cache: false })), ['b1', 'b2', 'b3'])
    const kept = await ask('GET', '/v1/indexes/papers/documents/b1', 'bob')
    assert.deepEqual([kept.json.text, kept.json.fields], ['stars', { tenant: 'bob' }])
  })

  it('replaces and deletes its own', async () => {
    const { json } = await write('ada', [document('a7', 'ada'), { id: 'a7', _op: 'delete' }, document('a8', 'ada')])
    assert.equal(json.accepted, 3)
    assert.equal((await write('ada', [document('a8', 'ada', 'moons'), { id: 'a7', _op: 'delete' }])).json.accepted, 2)
    assert.equal((await ask('GET', '/v1/indexes/papers/documents/a8', 'ada')).json.text, 'moons')
    await write('ada', [{ id: 'a8', _op: 'delete' }])
    assert.equal((await ask('GET', '/v1/indexes/papers/documents/a8', 'ada')).status, 404)
  })

  it('takes no idempotency key, by which another tenant could be asked what he wrote', async () => {
    const { json } = await write('ada', [document('a1', 'ada')], { 'idempotency-key': 'once' })
    assert.equal(json.code, 'invalid_request')
    assert.match(json.detail, /API key that has a filter/)
  })

  it('may not use an index that its filter does not fit', async () => {
    assert.equal((await search('ofAnotherField')).status, 403)
    assert.equal((await write('ofAnotherField', [document('c1', 'ada')])).status, 403)
    assert.equal((await ask('GET', '/v1/indexes/papers/documents/a1', 'ofAnotherField')).status, 403)
  })

  it('is told of shards that failed without a count of all documents', async () => {
    const [server] = coordinator.servers
    for (const one of coordinator.servers) one.failingShards.add(0)
    try {
      const part = (await search('ada', { min_coverage: 0, cache: false })).json
      assert.equal(part.coverage.documents_eligible, part.coverage.documents_matched)
      assert.equal(part.coverage.ratio, Math.round(part.coverage.ratio * 100) / 100)
      assert.doesNotMatch(JSON.stringify(part.coverage.missing), /shard-\d|[4-9]/)
      const { request_id: _, ...none } = (await search('ada', { cache: false })).json
      assert.equal(none.code, 'insufficient_coverage')
      // The request's id is drawn.
      assert.doesNotMatch(JSON.stringify({ ...none, request_id: '' }), /shard-\d|7/)
      assert.match(server!.address, /shard-0/)
    } finally {
      for (const one of coordinator.servers) one.failingShards.clear()
    }
  })

  it('is told no more of a failure where its scoring has a limit', async () => {
    const [limited, other] = [await search('metered', { generation: 9 }), await search('ada', { generation: 9 })]
    assert.deepEqual([limited.json.code, limited.json.detail], [other.json.code, other.json.detail])
    assert.deepEqual(limited.json.details, {})
  })

  it('cannot count all documents by what is left of its limit', async () => {
    for (const one of coordinator.servers) for (const shard of [0, 1]) one.failingShards.add(shard)
    try {
      assert.equal((await search('metered', { plan: 'exact' })).json.code, 'insufficient_coverage')
    } finally {
      for (const one of coordinator.servers) one.failingShards.clear()
    }
    // What the search might have cost is paid off at one operation a second: 7 documents of 16 weights took 224.
    const { details } = (await search('metered', { plan: 'exact' })).json
    const seconds = details.retry_after_ms / 1_000
    assert.ok(seconds > 226 && seconds <= 256, `${seconds}`)
  })

  it('sees the same over gRPC', async () => {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.ada.authorization)
    const message = SearchRequest.fromPartial({ index: 'papers', query: 'stars', k: 10 })
    try {
      const found = await new Promise<SearchResponse>((resolve, reject) => {
        client.search(message, metadata, { deadline: Deadline.after(60_000).toDate() }, (error, response) =>
          error ? reject(error) : resolve(response),
        )
      })
      assert.deepEqual(found.hits.map(({ id }) => id).sort(), ['a1', 'a2', 'a3'])
      assert.equal(Number(found.coverage?.documentsEligible), 3)
    } finally {
      client.close()
    }
  })
})
