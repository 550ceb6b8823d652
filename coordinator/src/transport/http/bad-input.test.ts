import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('bad input over HTTP', () => {
  let coordinator: TestCoordinator
  let url: string

  before(async () => {
    coordinator = await startTestCoordinator()
    url = coordinator.url
    await post(`${url}/v1/indexes`, { name: 'papers' })
    await put(`${url}/v1/indexes/papers/documents`, [{ id: 'a', text: 'stars twinkle' }])
  })

  after(() => coordinator.stop())

  /** Whatever came before, a good search is answered. */
  afterEach(async () => {
    const answer = await post(`${url}/v1/indexes/papers/search`, { query: 'stars' })
    assert.equal(answer.status, 200)
    assert.equal(answer.json.hits[0].id, 'a')
  })

  const search = { query: 'stars' }
  const searches: { why: string; body: unknown; status?: number; code?: string; says?: RegExp }[] = [
    { why: 'JSON that is none', body: '{"query": ', says: /not JSON.*position 10/ },
    { why: 'nothing', body: '', says: /body: / },
    { why: 'no object', body: '[1]', says: /expected object/ },
    { why: 'no query', body: {}, says: /^query: missing/ },
    { why: 'a query that is a number', body: { query: 5 }, says: /body.query: must be a text or an expression/ },
    { why: 'an empty query', body: { query: '' }, says: /body.query: must not be empty/ },
    { why: 'a blank query', body: { query: ' \n\t' }, says: /body.query: must not be blank/ },
    { why: 'half of a surrogate pair, escaped', body: '{"query":"a\\ud800b"}', says: /body.query: has half/ },
    { why: 'a query of 16,385 characters', body: { query: 'x'.repeat(16_385) }, says: /at most 16384 characters/ },
    { why: 'a query of 1 MB', body: { query: 'x'.repeat(1_000_000) }, says: /at most 16384 characters/ },
    { why: 'a query of 2 MB', body: { query: 'x'.repeat(2_000_000) }, status: 413, code: 'request_too_large' },
    { why: 'an unknown field', body: { ...search, top_k: 3 }, says: /unrecognized key: "top_k"/ },
    { why: 'k = 0', body: { ...search, k: 0 }, says: /body.k/ },
    { why: 'k = 10^9', body: { ...search, k: 1e9 }, says: /body.k/ },
    { why: 'k = 1.5', body: { ...search, k: 1.5 }, says: /body.k/ },
    { why: 'k = "3"', body: { ...search, k: '3' }, says: /body.k/ },
    { why: 'query = null', body: { query: null }, says: /^query: missing/ },
    { why: 'a null that is no key of it', body: { ...search, top_k: null }, says: /unrecognized key: "top_k"/ },
    { why: 'a key given twice', body: '{"query":"stars","k":1,"k":2}', says: /body.k: given twice/ },
    {
      why: 'a key given twice deep',
      body: '{"query":"a","filter":{"field":"a","field":"b"}}',
      says: /body.filter.field/,
    },
    { why: 'the key __proto__', body: '{"query":"stars","__proto__":{"k":3}}', says: /unrecognized key: "__proto__"/ },
    { why: 'k = 9007199254740993', body: '{"query":"stars","k":9007199254740993}', says: /body.k/ },
    { why: 'k = 1e400', body: '{"query":"stars","k":1e400}', says: /body.k/ },
    { why: 'min_coverage = 2', body: { ...search, min_coverage: 2 }, says: /body.min_coverage/ },
    { why: 'timeout_ms = 0', body: { ...search, timeout_ms: 0 }, says: /body.timeout_ms/ },
    { why: 'timeout_ms of an hour', body: { ...search, timeout_ms: 3_600_000 }, says: /body.timeout_ms/ },
    { why: 'another precision', body: { ...search, precision: 'fp64' }, says: /body.precision/ },
    { why: 'a cursor of nothing', body: { ...search, cursor: 'abc' }, code: 'invalid_cursor' },
  ]
  for (const { why, body, status = 400, code = 'invalid_request', says = /./ } of searches) {
    it(`answers a search with ${why} by ${status} ${code}`, async () => {
      const answer = await post(`${url}/v1/indexes/papers/search`, body)
      assert.deepEqual([answer.status, answer.json.status, answer.json.code], [status, status, code])
      assert.equal(answer.type, 'application/problem+json')
      assert.match(answer.json.detail, says)
    })
  }

  const json = { 'content-type': 'application/json' }
  const routes: { why: string; method: string; path: string; init?: RequestInit; status: number; code: string }[] = [
    { why: 'an unknown index', method: 'GET', path: '/v1/indexes/nope', status: 404, code: 'index_not_found' },
    { why: 'a bad index name', method: 'GET', path: '/v1/indexes/No%20pe', status: 400, code: 'invalid_request' },
    { why: 'a path upwards', method: 'GET', path: '/v1/indexes/..%2F..', status: 400, code: 'invalid_request' },
    { why: 'a path that is no URL', method: 'GET', path: '/v1/indexes/%zz', status: 400, code: 'invalid_request' },
    { why: 'an unknown route', method: 'GET', path: '/v2/indexes', status: 404, code: 'route_not_found' },
    { why: 'another method', method: 'PATCH', path: '/v1/indexes', status: 404, code: 'route_not_found' },
    { why: 'an unknown parameter', method: 'GET', path: '/v1/indexes?x=1', status: 400, code: 'invalid_request' },
    {
      why: 'an index that exists',
      method: 'POST',
      path: '/v1/indexes',
      init: { headers: json, body: '{"name":"papers"}' },
      status: 409,
      code: 'index_exists',
    },
    {
      why: 'an unknown model',
      method: 'POST',
      path: '/v1/indexes',
      init: { headers: json, body: '{"name":"x","model":"y"}' },
      status: 404,
      code: 'model_not_found',
    },
    {
      why: '0 shards',
      method: 'POST',
      path: '/v1/indexes',
      init: { headers: json, body: '{"name":"x","shards":0}' },
      status: 400,
      code: 'invalid_request',
    },
    {
      why: 'a form',
      method: 'POST',
      path: '/v1/indexes',
      init: { body: new URLSearchParams('name=x') },
      status: 415,
      code: 'unsupported_media_type',
    },
    {
      why: 'documents as a form',
      method: 'PUT',
      path: '/v1/indexes/papers/documents',
      init: { body: new URLSearchParams('id=b') },
      status: 415,
      code: 'unsupported_media_type',
    },
    {
      why: 'documents for an unknown index',
      method: 'PUT',
      path: '/v1/indexes/nope/documents',
      init: { headers: { 'content-type': 'application/x-ndjson' }, body: '{"id":"b","text":"t"}' },
      status: 404,
      code: 'index_not_found',
    },
  ]
  for (const { why, method, path, init, status, code } of routes) {
    it(`answers ${method} with ${why} by ${status} ${code}`, async () => {
      const answer = await request(url + path, { method, ...init })
      assert.deepEqual([answer.status, answer.json.code], [status, code])
      assert.equal(answer.type, 'application/problem+json')
      assert.equal(answer.json.type, `https://hypershard.dev/errors/${code}`)
    })
  }

  it('answers what is not HTTP by a 400 with a problem', async () => {
    const { hostname, port } = new URL(url)
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('hello\r\n\r\n'))
      let received = ''
      socket.on('data', chunk => {
        received += chunk
      })
      socket.on('end', () => resolve(received))
      socket.on('error', reject)
    })
    assert.match(text, /^HTTP\/1.1 400/)
    assert.match(text, /"code":"invalid_request"/)
  })
})
