import assert from 'node:assert/strict'
import { Metadata } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { casesOf, type TestKeys, wordOfNaN, writeTestKeys } from '@hypershard/harness'
import { SearchBatchRequest, SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import fc from 'fast-check'
import { type Answer, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const asked = {
  root: {},
  ada: { filter: { field: 'tenant', equals: 'ada' }, scopes: ['search'] },
  slow: { limits: { requests_per_second: 2 } },
} as const

type Name = keyof typeof asked

interface Outcome {
  readonly status: number
  readonly answer?: { readonly hits: unknown; readonly coverage: object }
  readonly problem?: { readonly code: string }
}

const documents = Array.from({ length: 12 }, (_, at) => ({
  id: `d${at}`,
  text: `stars ${'moon '.repeat(at % 3)}`,
  tenant: at % 2 === 0 ? 'ada' : 'bob',
}))

/** With numbers that doubles cannot tell apart. */
const lineOf = (document: object, at: number) =>
  `${JSON.stringify(document).slice(0, -1)},"n":${2n ** 53n + BigInt(at)}}`

const limitFree = ({ took_ms: _, ...answer }: Record<string, unknown>) => answer

describe('a batch of searches', () => {
  let keys: TestKeys<Name>
  let coordinator: TestCoordinator

  beforeEach(async () => {
    keys = await writeTestKeys<Name>(asked as never)
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_KEYS: keys.path } })
    for (const shards of [1, 2, 4, 8]) {
      const fields = { tenant: { type: 'keyword' }, n: { type: 'number' } }
      await post('/v1/indexes', { name: `s${shards}`, shards, fields })
      const lines = documents.map(lineOf).join('\n')
      const headers = { ...keys.headers.root, 'content-type': 'application/x-ndjson' }
      const path = `/v1/indexes/s${shards}/documents?wait_for=searchable`
      await request(`${coordinator.url}${path}`, { method: 'PUT', headers, body: lines })
    }
  })

  afterEach(async () => {
    await coordinator.stop()
    await keys.remove()
  })

  function post(path: string, body: unknown, key: Name = 'root'): Promise<Answer> {
    const headers = { ...keys.headers[key], 'content-type': 'application/json' }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return request(`${coordinator.url}${path}`, { method: 'POST', headers, body: text })
  }

  const batch = (searches: readonly object[], key?: Name, rest: object = {}) =>
    post('/v1/indexes/s2/search/batch', { searches, ...rest }, key)

  const statuses = ({ json }: Answer) => json.outcomes.map(({ status }: { status: number }) => status)

  it('answers each as it is answered by itself, in their order, from 1, 2, 4 and 8 shards', async () => {
    const searches = [
      { query: 'moon', k: 5, plan: 'exact' },
      { query: 'stars', k: 12, plan: 'exact', ids_only: true },
      { query: wordOfNaN, k: 3, plan: 'exact' },
      { query: 'moon', k: 5, plan: 'exact', filter: { field: 'tenant', equals: 'bob' } },
    ]
    const hits: unknown[] = []
    for (const shards of [1, 2, 4, 8]) {
      const index = `/v1/indexes/s${shards}/search`
      const { status, json } = await post(`${index}/batch`, { searches })
      assert.equal(status, 200, JSON.stringify(json))
      const alone = await Promise.all(searches.map(search => post(index, search)))
      const answers = json.outcomes.map(({ answer }: { answer: Record<string, unknown> }) => limitFree(answer))
      assert.deepEqual(
        answers.map(({ next_cursor: _, ...answer }: Record<string, unknown>) => answer),
        alone.map(({ json: { next_cursor: _, ...answer } }) => limitFree(answer)),
      )
      hits.push(answers.map((answer: { hits?: unknown }) => answer.hits))
    }
    for (const other of hits) assert.deepEqual(other, hits[0])
  })

  it('answers any searches as each is answered by itself, from any number of shards', async () => {
    const question = fc.oneof(
      fc.record({ query: fc.constantFrom('moon', 'stars', 'stars moon', wordOfNaN) }),
      fc.record({ like: fc.record({ id: fc.integer({ min: 0, max: 13 }).map(at => `d${at}`) }) }),
    )
    const way = fc.record(
      {
        k: fc.integer({ min: 1, max: 13 }),
        filter: fc.record({ field: fc.constant('tenant'), equals: fc.constantFrom('ada', 'bob', 'cyd') }),
        ids_only: fc.boolean(),
      },
      { requiredKeys: ['k'] },
    )
    const search = fc.tuple(question, way).map(([one, other]) => ({ ...one, ...other, plan: 'exact' }))
    const property = fc.asyncProperty(fc.array(search, { minLength: 1, maxLength: 24 }), async searches => {
      const found: unknown[] = []
      for (const shards of [1, 2, 4, 8]) {
        const index = `/v1/indexes/s${shards}/search`
        const { json } = await post(`${index}/batch`, { searches })
        const alone = await Promise.all(searches.map(one => post(index, one)))
        const hitsOf = (answer: { hits: unknown; coverage: object }) => [answer.hits, answer.coverage]
        const together = json.outcomes.map(({ status, answer, problem }: Outcome) => [
          status,
          answer === undefined ? problem!.code : hitsOf(answer),
        ])
        assert.deepEqual(
          together,
          alone.map(({ status, json: own }) => [status, status === 200 ? hitsOf(own) : own.code]),
        )
        found.push(together)
      }
      for (const other of found) assert.deepEqual(other, found[0])
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 3, thorough: 8 }), endOnFailure: true })
  })

  it('gives a status of its own to each, and one that fails harms no other', async () => {
    const { json: page } = await post('/v1/indexes/s2/search', { query: 'stars', k: 1 })
    const answer = await batch([
      { query: 'stars' },
      { query: 'stars', filter: { field: 'nothing', equals: 1 } },
      { query: 'moon', cursor: page.next_cursor },
      { query: 'moon', plan: 'exact', recall: 0.9 },
      { query: 'moon', generation: 7 },
      { query: 'moon' },
    ])
    assert.deepEqual(statuses(answer), [200, 400, 400, 400, 404, 200])
    const codes = answer.json.outcomes.map(({ problem }: { problem?: { code: string } }) => problem?.code)
    const invalid = 'invalid_request'
    assert.deepEqual(codes, [undefined, invalid, 'invalid_cursor', invalid, 'generation_not_found', undefined])
    assert.equal(answer.json.outcomes[1].problem.request_id, answer.headers.get('x-request-id'))
  })

  it('lets searches fail by themselves that the one time limit is over for', async () => {
    coordinator.encoder.beforeQuery = deadline =>
      new Promise((_, reject) => deadline.signal.addEventListener('abort', () => reject(new Error('gone'))))
    const searches = Array.from({ length: 20 }, (_, at) => ({ query: `stars ${at}` }))
    const answer = await batch(searches, 'root', { timeout_ms: 50 })
    assert.equal(answer.status, 200)
    assert.deepEqual(new Set(statuses(answer)), new Set([504]))
  })

  it('searches with sixteen queries at a time, and no more', async () => {
    const { promise: isFull, resolve: full } = Promise.withResolvers<void>()
    let begun = 0
    let running = 0
    let most = 0
    let isOpen = false
    coordinator.encoder.beforeQuery = async () => {
      most = Math.max(most, isOpen ? 0 : ++running)
      if (++begun === 16) full()
      await isFull
      isOpen = true
    }
    const answer = await batch(Array.from({ length: 40 }, (_, at) => ({ query: `stars ${at}` })))
    assert.deepEqual(new Set(statuses(answer)), new Set([200]))
    assert.deepEqual([begun, most], [40, 16])
  })

  it('has its queries encoded by one call, once it is known that they are small', async () => {
    const { encoder } = coordinator
    await batch([{ query: 'the first' }])
    const queries = Array.from({ length: 40 }, (_, at) => ({ query: `stars ${at}` }))
    const searches = [...queries, queries[0]!, { like: { id: 'd1' } }, { query: 'x', recall: 1, plan: 'exact' }]
    const answer = await batch(searches)
    assert.deepEqual(statuses(answer), [...Array(42).fill(200), 400])
    assert.deepEqual(encoder.callsOfSeveral, [queries.map(({ query }) => query)])
    const { json } = await post('/v1/indexes/s2/search', { ...queries[7], plan: 'exact' })
    assert.deepEqual(
      (await batch([{ ...queries[7], plan: 'exact' }, { query: 'moon' }])).json.outcomes[0].answer.hits,
      json.hits,
    )
  })

  it('has no query encoded before its search is let in, where the key has limits', async () => {
    const { encoder } = coordinator
    await batch([{ query: 'the first' }])
    await batch([{ query: 'stars' }, { query: 'moon' }, { query: 'sun' }], 'slow')
    assert.deepEqual([encoder.callsOfSeveral, encoder.queriesEncoded], [[], 3])
  })

  it('is refused whole, with the place, where it does not fit', async () => {
    for (const [searches, place] of [
      [[], /body\.searches: /],
      [[{ query: 'x' }, { query: ' ' }], /body\.searches\.1\.query: must not be blank/],
      [[{ query: 'x', timeout_ms: 5 }], /body\.searches\.0: .*timeout_ms/],
      [Array.from({ length: 65 }, () => ({ query: 'x' })), /body\.searches: /],
      [Array.from({ length: 11 }, () => ({ query: 'x', k: 1_000 })), /body\.searches: .*10000 hits together/],
    ] as const) {
      const { status, json } = await batch(searches)
      assert.deepEqual([status, json.code], [400, 'invalid_request'])
      assert.match(json.detail, place)
    }
    assert.equal(coordinator.encoder.queriesEncoded, 0)
    const nowhere = await post('/v1/indexes/nowhere/search/batch', { searches: [{ query: 'x' }] })
    assert.deepEqual([nowhere.status, nowhere.json.code], [404, 'index_not_found'])
  })

  it('compares the numbers of each filter as they are written', async () => {
    const filter = '{"field":"n","equals":9007199254740993}'
    const { json } = await post('/v1/indexes/s2/search/batch', `{"searches":[{"query":"stars","filter":${filter}}]}`)
    const ids = json.outcomes[0].answer.hits.map(({ id }: { id: string }) => id)
    assert.deepEqual(ids, ['d1'])
  })

  it('keeps to the filter of a key, and counts a request for each search', async () => {
    const ofAda = await batch(
      [
        { query: 'stars', k: 20 },
        { query: 'stars', profile: true },
      ],
      'ada',
    )
    assert.deepEqual(statuses(ofAda), [200, 403])
    const { hits, coverage } = ofAda.json.outcomes[0].answer
    assert.deepEqual([hits.length, coverage.documents_eligible], [6, 6])
    const slow = await batch([{ query: 'stars' }, { query: 'moon' }, { query: 'sun' }], 'slow')
    assert.deepEqual(statuses(slow), [200, 200, 429])
    assert.equal(slow.json.outcomes[2].problem.details.retry_after_ms > 0, true)
  })

  it('answers alike over gRPC', async () => {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.root.authorization)
    const ask = (fields: readonly Partial<SearchRequest>[]) => {
      const searches = fields.map(one => SearchRequest.fromPartial(one))
      const batch = SearchBatchRequest.fromPartial({ index: 's2', searches })
      const call = (message: SearchBatchRequest, _: Metadata, options: object, done: never) =>
        client.searchBatch(message, metadata, options, done)
      return callUnary(call as never, batch, Deadline.after(60_000), 'coordinator') as Promise<{
        outcomes: { answer?: { hits: { id: string }[] }; failure?: { code: string; retryable: boolean } }[]
      }>
    }
    try {
      const { outcomes } = await ask([
        { query: 'moon', k: 1 },
        { query: 'x', cursor: 'x' },
      ])
      assert.deepEqual(
        outcomes[0]!.answer!.hits.map(({ id }) => id),
        ['d11'],
      )
      assert.deepEqual([outcomes[1]!.failure!.code, outcomes[1]!.failure!.retryable], ['invalid_cursor', false])
      const elsewhere = ask([{ query: 'moon', index: 's4' }])
      await assert.rejects(elsewhere, { code: 'invalid_request', message: /searches\.0: .*index/ })
    } finally {
      client.close()
    }
  })
})
