import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { eventually } from '@hypershard/harness'
import { SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const base64 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64')

describe('an index whose vectors come from outside', () => {
  let coordinator: TestCoordinator
  let index: string

  beforeEach(async () => {
    coordinator = await startTestCoordinator()
    index = `${coordinator.url}/v1/indexes/own`
    const vectors = { width: 2 }
    const created = await post(`${coordinator.url}/v1/indexes`, { name: 'own', model: 'external', vectors, shards: 3 })
    assert.equal(created.status, 201)
    assert.deepEqual(created.json.vectors, { width: 2, scorer: 'inner_product' })
  })

  afterEach(() => coordinator.stop())

  const documents = [
    { id: 'east', vector: [1, 0], title: 'East' },
    { id: 'north', vector: base64(0, 1) },
    { id: 'far', vector: [2, 2], colour: 'red' },
  ]

  it('is searched by inner product, and nothing is encoded for it', async () => {
    assert.equal((await put(`${index}/documents`, documents)).json.accepted, 3)
    for (const plan of ['exact', 'auto']) {
      const { json } = await post(`${index}/search`, { vector: [1, -0.5], plan })
      const hits = json.hits.map(({ id, score }: { id: string; score: number }) => [id, score])
      assert.deepEqual(hits, [
        ['east', 1],
        ['far', 1],
        ['north', -0.5],
      ])
      assert.deepEqual([json.coverage.ratio, json.query_tokens], [1, 0])
    }
    const { json } = await post(`${index}/search`, { qnet: { weights: base64(0, 1) }, k: 1 })
    assert.deepEqual(json.hits, [{ id: 'far', score: 2, title: '', text: '', fields: { colour: 'red' } }])
    assert.deepEqual([coordinator.encoder.documentsEncoded, coordinator.encoder.queriesEncoded], [0, 0])
  })

  it('names each line whose vector cannot be used, and takes the others', async () => {
    const bad = [{ id: 'none' }, { id: 'wide', vector: [1, 2, 3] }, { id: 'half', vector: 'AAAAAAA' }]
    const { json } = await put(`${index}/documents`, [documents[0], ...bad, '{"id":"inf","vector":[1,1e400]}'])
    assert.deepEqual([json.accepted, json.failed], [1, 4])
    assert.deepEqual(
      json.errors.slice(0, 3).map(({ line, id }: { line: number; id: string }) => [line, id]),
      [
        [2, 'none'],
        [3, 'wide'],
        [4, 'half'],
      ],
    )
  })

  it('reads a q-net of megabytes, as HTTP and as gRPC have it', async () => {
    const shape = { vector_dimensions: [2, 1_024, 512, 1] }
    const vectors = { width: 2, scorer: shape }
    await post(`${coordinator.url}/v1/indexes`, { name: 'net', model: 'external', vectors })
    const weights = Buffer.alloc(4 * (2 * 1_024 + 1_024 + 1_024 * 512 + 512 + 512))
    const search = (qnet: object) => post(`${coordinator.url}/v1/indexes/net/search`, { qnet })
    assert.equal((await search({ weights: weights.toString('base64') })).status, 200)
    assert.match((await search({ weights: weights.subarray(4).toString('base64') })).json.detail, /bytes/)
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const asked = SearchRequest.fromPartial({ index: 'net', qnet: { weights } })
      const { hits } = await callUnary(client.search.bind(client), asked, Deadline.after(60_000), 'coordinator')
      assert.deepEqual(hits, [])
    } finally {
      client.close()
    }
  })

  const refused: readonly [string, object, string, RegExp][] = [
    ['a text', { query: 'stars' }, 'invalid_request', /index `own` has no model that reads one/],
    ['nothing', {}, 'invalid_request', /query: missing/],
    ['two at once', { vector: [1, 2], query: 'stars' }, 'invalid_request', /query and vector are given/],
    ['another width', { vector: [1] }, 'invalid_request', /vector: it has 1 values, the index takes 2/],
    ['numbers beyond 32 bits', { vector: [1, 1e39] }, 'invalid_request', /vector: value 1 is NaN, infinite/],
    [
      'f32 of half the width that says so',
      { vector: { values: base64(1), precision: 'f32' } },
      'invalid_request',
      /vector: it has 4 bytes, the index takes 2 values: 8 bytes of f32$/,
    ],
    ['half a q-net', { qnet: { weights: 'AAA' } }, 'invalid_request', /qnet.weights: not base64/],
    ['another model', { qnet: { weights: base64(1, 2), model: 'a'.repeat(64) } }, 'model_mismatch', /qnet.model/],
  ]
  for (const [what, body, code, detail] of refused) {
    it(`refuses a search for ${what}`, async () => {
      await put(`${index}/documents`, documents)
      const { json } = await post(`${index}/search`, body)
      assert.equal(json.code, code)
      assert.match(json.detail, detail)
    })
  }

  it('takes documents whose vectors say their precision, over HTTP and gRPC, and no f32 for f16', async () => {
    const vector = { values: base64(3, 4), precision: 'f32' }
    const halved = { values: base64(3), precision: 'f32' }
    const { json } = await put(`${index}/documents`, [
      { id: 'marked', vector },
      { id: 'halved', vector: halved },
    ])
    assert.deepEqual([json.accepted, json.errors.length], [1, 1])
    assert.match(json.errors[0].message, /vector: it has 4 bytes, the index takes 2 values: 8 bytes of f32/)
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const asked = (values: number[]) =>
        SearchRequest.fromPartial({
          index: 'own',
          vector: Buffer.from(base64(...values), 'base64'),
          vectorPrecision: 'f32',
        })
      const search = (values: number[]) =>
        callUnary(client.search.bind(client), asked(values), Deadline.after(60_000), 'coordinator')
      assert.equal((await search([1, 0])).hits[0]!.score, 3)
      await assert.rejects(search([1]), { code: 'invalid_request' })
    } finally {
      client.close()
    }
  })

  it('pages by cursors that belong to the one vector', async () => {
    await put(`${index}/documents`, documents)
    const page = (vector: number[], cursor?: string) =>
      post(`${index}/search`, { vector, k: 2, cursor, ids_only: true })
    const first = await page([1, 0])
    const second = await page([1, 0], first.json.next_cursor)
    const ids = [...first.json.hits, ...second.json.hits].map(({ id }: { id: string }) => id)
    assert.deepEqual(ids, ['far', 'east', 'north'])
    assert.equal((await page([1, 0.5], first.json.next_cursor)).json.code, 'invalid_cursor')
  })

  it('keeps its vectors where it is built anew, cloned and restored, and needs no encoder service for that', async () => {
    await put(`${index}/documents`, documents)
    coordinator.encoder.models = []
    await post(`${index}/snapshots`, { name: 'before' })
    await post(`${index}/clone`, { name: 'copy', snapshot: 'before' })
    assert.equal((await post(`${index}/reindex`, { shards: 2, model: 'words' })).json.code, 'invalid_request')
    assert.equal((await post(`${index}/reindex`, { shards: 2 })).status, 201)
    await put(`${index}/documents`, [{ id: 'late', vector: [9, 9] }])
    await eventually(async () => {
      const { generations } = (await request(`${index}/generations`)).json
      assert.equal(generations.at(-1).progress.problem, null)
      return (await post(`${index}/generations/2/promote`, {})).status === 200
    })
    for (const [name, count] of [
      ['own', 4],
      ['copy', 3],
    ] as const) {
      const { json } = await post(`${coordinator.url}/v1/indexes/${name}/search`, { vector: [0, 1], ids_only: true })
      assert.equal(json.hits.length, count)
      assert.deepEqual(json.hits.at(-1), { id: 'east', score: 0 })
    }
    assert.equal((await request(`${coordinator.url}/v1/indexes/copy`)).json.vectors.width, 2)
  })

  it('gives the vector of a document back, as it can be put again, where it is asked for', async () => {
    await put(`${index}/documents`, documents)
    const model = (await request(index)).json.model.digest
    const url = (id: string) => `${index}/documents/${id}`
    const { vector } = (await request(`${url('north')}?vector=true`)).json
    assert.deepEqual(vector, { model, values: [0, 1] })
    assert.equal('vector' in (await request(url('north'))).json, false)
    await put(`${index}/documents`, [{ id: 'again', vector }])
    assert.deepEqual((await request(`${url('again')}?vector=true`)).json.vector, vector)
  })

  it('takes the bytes themselves over gRPC', async () => {
    await put(`${index}/documents`, documents)
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    try {
      const search = (fields: Partial<SearchRequest>) => {
        const asked = SearchRequest.fromPartial({ index: 'own', ...fields } as object)
        return callUnary(client.search.bind(client), asked, Deadline.after(60_000), 'coordinator')
      }
      const bytes = Buffer.from(Float32Array.of(0, 1).buffer)
      for (const fields of [{ vector: bytes }, { qnet: { weights: bytes } }] as object[]) {
        assert.deepEqual(
          (await search(fields)).hits.map(({ id }) => id),
          ['far', 'north', 'east'],
        )
      }
      await assert.rejects(search({ vector: bytes.subarray(1) }), { code: 'invalid_request', message: /has 7 bytes/ })
    } finally {
      client.close()
    }
  })
})

describe('an index with a model', () => {
  let coordinator: TestCoordinator

  beforeEach(async () => {
    coordinator = await startTestCoordinator()
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', model: 'words' })
  })

  afterEach(() => coordinator.stop())

  it('takes vectors that its model made elsewhere, and q-nets, without encoding', async () => {
    const { digest: model } = coordinator.encoder.models[0]!
    const values = Array.from({ length: 16 }, (_, at) => (at === 3 ? 7 : 0))
    const url = `${coordinator.url}/v1/indexes/papers`
    const lines = [
      { id: 'own', text: 'stars', vector: { model, values } },
      { id: 'encoded', text: 'moon' },
      { id: 'other', text: 'sun', vector: { model: 'b'.repeat(64), values } },
    ]
    const { json } = await put(`${url}/documents`, lines)
    assert.deepEqual([json.accepted, json.errors[0].code, json.errors[0].line], [2, 'model_mismatch', 3])
    assert.equal(coordinator.encoder.documentsEncoded, 1)
    const found = await post(`${url}/search`, { qnet: { weights: base64(...values), model }, k: 1, ids_only: true })
    assert.deepEqual(found.json.hits, [{ id: 'own', score: 49 }])
    assert.equal((await post(`${url}/search`, { qnet: { weights: base64(...values) } })).json.code, 'model_mismatch')
    assert.equal(coordinator.encoder.queriesEncoded, 0)
  })

  const refused: readonly [string, object, RegExp][] = [
    ['vectors beside a model', { model: 'words', vectors: { width: 2 } }, /vectors: only with "model": "external"/],
    ['texts to cut', { model: 'external', vectors: { width: 2 }, passages: {} }, /passages: nothing cuts texts/],
    ['no vectors without one', { model: 'external' }, /vectors: missing/],
    ['no q-net', { model: 'external', vectors: { width: 2, scorer: { vector_dimensions: [2, 3] } } }, /last of/],
    [
      'another width',
      { model: 'external', vectors: { width: 2, scorer: { vector_dimensions: [3, 1] } } },
      /begins with 3/,
    ],
  ]
  for (const [what, body, detail] of refused) {
    it(`is not created with ${what}`, async () => {
      const { status, json } = await post(`${coordinator.url}/v1/indexes`, { name: 'bad', ...body })
      assert.equal(status, 400)
      assert.match(json.detail, detail)
    })
  }
})
