import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { type ExplainDocumentRequest, SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const documents = Array.from({ length: 9 }, (_, at) => ({ id: `d${at}`, text: `stars ${'dust '.repeat(at)}` }))

describe('searches that begin at a document', () => {
  let coordinator: TestCoordinator
  let index: string

  before(async () => {
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000' } })
    index = `${coordinator.url}/v1/indexes/papers`
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2 })
    await put(`${index}/documents`, documents)
  })

  after(() => coordinator.stop())

  const idsOf = (hits: readonly { readonly id: string }[]) => hits.map(({ id }) => id)

  it('give the same over HTTP and gRPC', async () => {
    const { json } = await post(`${index}/search`, { like: { id: 'd8' }, k: 3, plan: 'exact', profile: true })
    assert.deepEqual(idsOf(json.hits), ['d7', 'd6', 'd5'])
    assert.equal(json.profile.like_by, 'vector')
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const asked = { index: 'papers', like: { id: 'd8' }, k: 3, plan: 'exact', profile: true }
      const message = SearchRequest.fromPartial(asked)
      const answer = await callUnary(client.search.bind(client), message, Deadline.after(10_000), 'coordinator')
      assert.deepEqual([idsOf(answer.hits), answer.profile!.likeBy], [['d7', 'd6', 'd5'], 'vector'])
    } finally {
      client.close()
    }
  })

  it('explain a document alike over HTTP and gRPC, in the numbers of the hit', async () => {
    const asked = { query: 'dust', plan: 'exact', k: 2, filter: undefined }
    const [hit] = (await post(`${index}/search`, { ...asked, k: 9 })).json.hits.slice(3)
    const { status, json } = await post(`${index}/documents/${hit.id}/explain`, asked)
    assert.equal(status, 200)
    const { took_ms: _, coverage, shard, ...told } = json
    assert.deepEqual(told, {
      id: hit.id,
      searchable: true,
      manifest_version: coverage && told.manifest_version,
      score: hit.score,
      filter: { passes: true, failing: [] },
      rank: 4,
      plan: 'exact',
      candidate: true,
      on_first_page: false,
      query_truncated: false,
    })
    assert.deepEqual([coverage.ratio, coverage.documents_scored], [1, 9])
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const search = SearchRequest.fromPartial({ index: 'papers', query: 'dust', plan: 'exact', k: 2 })
      const ask = (request: ExplainDocumentRequest) =>
        callUnary(client.explainDocument.bind(client), request, Deadline.after(10_000), 'coordinator')
      const { rank, score, candidate, onFirstPage, ...others } = await ask({ id: hit.id, search })
      assert.deepEqual([rank, score, candidate, onFirstPage], [4, hit.score, true, false])
      assert.deepEqual([others.shard, others.coverage!.documentsScored], [shard, 9])
      await assert.rejects(ask({ id: hit.id, search: { ...search, profile: true } }), { code: 'invalid_request' })
      await assert.rejects(ask({ id: 'nobody', search }), { code: 'document_not_found' })
    } finally {
      client.close()
    }
  })

  it('tell of a document that was put and is not searchable, and of none that nobody put', async () => {
    const explain = (id: string, body: object = { query: 'dust' }) => post(`${index}/documents/${id}/explain`, body)
    const held = Promise.withResolvers<void>()
    coordinator.encoder.beforeBatch = () => held.promise
    await put(`${index}/documents?wait_for=durable`, [{ id: 'new', text: 'nothing' }])
    const { status, json } = await explain('new')
    held.resolve()
    assert.deepEqual([status, { ...json, took_ms: 0 }], [200, { id: 'new', searchable: false, took_ms: 0 }])
    const missing = await explain('nobody')
    assert.deepEqual([missing.status, missing.json.code], [404, 'document_not_found'])
    const refused = await explain('d1', { query: 'dust', cursor: 'x', ids_only: true })
    assert.deepEqual([refused.status, refused.json.code], [400, 'invalid_request'])
    assert.match(refused.json.detail, /cursor/)
  })

  it('are of the document as the version has it that the answer is of', async () => {
    const body = { like: { id: 'd8' }, k: 3, plan: 'exact' }
    const first = await post(`${index}/search`, body)
    await put(`${index}/documents`, [
      { id: 'd8', text: 'moon' },
      { id: 'm1', text: 'moon' },
    ])
    const [next, anew] = [
      await post(`${index}/search`, { ...body, cursor: first.json.next_cursor }),
      await post(`${index}/search`, body),
    ]
    assert.deepEqual(idsOf(next.json.hits), ['d4', 'd3', 'd2'])
    assert.equal(next.json.manifest_version, first.json.manifest_version)
    assert.equal(anew.json.hits[0].id, 'm1')
    assert.equal(anew.json.cached, false)
    await request(`${index}/documents/delete?wait_for=searchable`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ids: ['d8'] }),
    })
    const gone = await post(`${index}/search`, body)
    assert.deepEqual([gone.status, gone.json.code, gone.json.details.path], [404, 'document_not_found', 'like.id'])
  })

  it('are refused beside a query, and where nothing could make a q-net of a document', async () => {
    const both = await post(`${index}/search`, { query: 'stars', like: { id: 'd1' } })
    assert.deepEqual([both.status, both.json.detail], [400, 'query and like are given; send one of them'])
    const shape = { vector_dimensions: [2, 4, 1] }
    await post(`${coordinator.url}/v1/indexes`, {
      name: 'net',
      model: 'external',
      vectors: { width: 2, scorer: shape },
    })
    await put(`${coordinator.url}/v1/indexes/net/documents`, [{ id: 'east', vector: [1, 0] }])
    const { status, json } = await post(`${coordinator.url}/v1/indexes/net/search`, { like: { id: 'east' } })
    assert.equal(status, 400)
    assert.match(json.detail, /^like: .*send a `qnet`$/)
  })

  it('have the stored vector for a query where vectors come from outside', async () => {
    await post(`${coordinator.url}/v1/indexes`, { name: 'own', model: 'external', vectors: { width: 2 } })
    const vectors = { east: [1, 0], north: [0, 1], between: [0.5, 0.25] }
    const lines = Object.entries(vectors).map(([id, vector]) => ({ id, vector }))
    await put(`${coordinator.url}/v1/indexes/own/documents`, lines)
    const { json } = await post(`${coordinator.url}/v1/indexes/own/search`, { like: { id: 'between' }, ids_only: true })
    assert.deepEqual(json.hits, [
      { id: 'east', score: 0.5 },
      { id: 'north', score: 0.25 },
    ])
  })

  it('pages through every document to the very end, each once and in one order', async () => {
    const count = 5_200
    const said = (at: number) => 'stars '.repeat(at % 5)
    await post(`${coordinator.url}/v1/indexes`, { name: 'deep', shards: 3 })
    const lines = Array.from({ length: count }, (_, at) => ({ id: `d${at}`, text: `moon ${said(at)}` }))
    assert.equal((await put(`${coordinator.url}/v1/indexes/deep/documents`, lines)).json.accepted, count)
    const orders: string[][] = []
    for (const k of [1_000, 613]) {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const body: object = { query: 'stars', plan: 'exact', k, ids_only: true, ...(cursor && { cursor }) }
        const { json } = await post(`${coordinator.url}/v1/indexes/deep/search`, body)
        seen.push(...idsOf(json.hits))
        cursor = json.next_cursor
      } while (cursor !== null)
      orders.push(seen)
    }
    assert.deepEqual([orders[0]!.length, new Set(orders[0]).size], [count, count])
    assert.deepEqual(orders[1], orders[0])
  })
})
