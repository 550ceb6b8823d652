import assert from 'node:assert/strict'
import { Metadata } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient, type UnaryMethod } from '@hypershard/common/grpc'
import { casesOf, type TestKeys, writeTestKeys } from '@hypershard/harness'
import { CountDocumentsRequest, type CountDocumentsResponse, SearchServiceClient } from '@hypershard/proto/search'
import fc from 'fast-check'
import { passesFilter } from '../access/passes-filter.ts'
import { readFilter } from '../search/read-filter.ts'
import { type Answer, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const asked = {
  root: {},
  ada: { filter: { field: 'tenant', equals: 'ada' }, scopes: ['read'] },
  searcher: { scopes: ['search'] },
} as const

type Name = keyof typeof asked

const fields = { tenant: { type: 'keyword', list: false }, n: { type: 'number', list: true } } as const
const shardCounts = [1, 2, 4, 8]

/** Many alike, so that a filter splits what ties. */
const documents = Array.from({ length: 24 }, (_, at) => ({
  id: `d${at}`,
  text: 'stars',
  tenant: at % 3 === 0 ? 'ada' : 'bob',
  ...(at % 5 === 0 ? {} : { n: [at % 4, at % 7] }),
}))
/** Written over, and deleted. */
const last = [...documents.slice(5).map(one => ({ ...one, ...(one.id === 'd7' && { tenant: 'ada' }) }))]

const filters: fc.Arbitrary<Record<string, unknown>> = fc.letrec<{ filter: Record<string, unknown> }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.record({ field: fc.constant('tenant'), in: fc.subarray(['ada', 'bob', 'cyd'], { minLength: 1 }) }),
    fc.record({ field: fc.constant('n'), gte: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ field: fc.constantFrom('tenant', 'n'), exists: fc.boolean() }),
    fc.record({ should: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ must_not: tie('filter') }),
  ),
})).filter

describe('counting documents', () => {
  let keys: TestKeys<Name>
  let coordinator: TestCoordinator

  before(async () => {
    keys = await writeTestKeys<Name>(asked as never)
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_KEYS: keys.path } })
    for (const shards of shardCounts) {
      await ask('POST', '', { name: `s${shards}`, shards, fields })
      for (const lines of [documents, [...documents.slice(0, 5).map(({ id }) => ({ id, _op: 'delete' })), last[2]!]]) {
        const body = lines.map(line => JSON.stringify(line)).join('\n')
        const path = `/s${shards}/documents?wait_for=searchable`
        assert.equal((await ask('PUT', path, body, 'root', 'application/x-ndjson')).json.failed, 0)
      }
    }
  })

  after(async () => {
    await coordinator?.stop()
    await keys?.remove()
  })

  function ask(method: string, path: string, body: unknown, key: Name = 'root', type = 'application/json') {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const headers = { ...keys.headers[key], 'content-type': type }
    return request(`${coordinator.url}/v1/indexes${path}`, { method, headers, body: text })
  }

  const count = (shards: number, body: object, key: Name = 'root'): Promise<Answer> =>
    ask('POST', `/s${shards}/documents/count`, body, key)

  const passing = (filter: object) => {
    const read = readFilter(filter, fields)
    return last.filter(({ id, text, ...own }) => passesFilter(read, fields, { fields: JSON.stringify(own) })).length
  }

  it('gives the number that pass, whatever the filter, from 1, 2, 4 and 8 shards', async () => {
    const property = fc.asyncProperty(filters, async filter => {
      const expected = passing(filter)
      for (const shards of shardCounts) {
        const { status, json } = await count(shards, { filter })
        assert.deepEqual([status, json.count, json.coverage.documents_eligible], [200, expected, last.length])
        assert.deepEqual([json.coverage.ratio, json.coverage.documents_scored], [1, 0])
      }
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 6, thorough: 300 }) })
  })

  it('gives a tenant the number of its own, and tells of no others', async () => {
    for (const filter of [undefined, { must_not: { field: 'tenant', equals: 'ada' } }]) {
      const { json } = await count(4, { filter }, 'ada')
      const own = filter === undefined ? passing({ field: 'tenant', equals: 'ada' }) : 0
      assert.deepEqual([json.count, json.coverage.documents_eligible], [own, own])
    }
    assert.equal((await count(4, {}, 'searcher')).status, 403)
  })

  it('asks no shard server how many there are in all', async () => {
    const before = coordinator.servers.map(({ filterCounts }) => filterCounts.length)
    assert.equal((await count(8, {})).json.count, last.length)
    assert.deepEqual(
      coordinator.servers.map(({ filterCounts }) => filterCounts.length),
      before,
    )
  })

  it('never counts less without saying so', async () => {
    const filter = { field: 'n', exists: true }
    for (const server of coordinator.servers) server.failingShards.add(1)
    try {
      const { status, json } = await count(4, { filter })
      assert.deepEqual([status, json.code, json.details.coverage.missing[0].shard], [503, 'insufficient_coverage', 1])
      const some = await count(4, { filter, min_coverage: 0.5 })
      assert.equal(some.status, 200)
      assert.ok(some.json.count < passing(filter) && some.json.coverage.ratio < 1)
      const ofTenant = await count(4, { filter }, 'ada')
      assert.deepEqual([ofTenant.json.code, ofTenant.json.details.coverage], ['insufficient_coverage', undefined])
    } finally {
      for (const server of coordinator.servers) server.failingShards.clear()
    }
  })

  it('names what a request has wrong', async () => {
    const wrong = [
      [{ filter: { field: 'shape', equals: 'x' } }, 400, /^body\.filter\.field: /],
      [{ filter: [] }, 400, /^body\.filter/],
      [{ limit: 3 }, 400, /limit/],
      [{ min_sequence: 1_000, timeout_ms: 20 }, 504, /./],
    ] as const
    for (const [body, status, message] of wrong) {
      const answer = await count(2, body)
      assert.deepEqual([answer.status, message.test(answer.json.detail)], [status, true], answer.json.detail)
    }
    assert.equal((await ask('POST', '/none/documents/count', {})).json.code, 'index_not_found')
  })

  it('counts over gRPC as over HTTP', async () => {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.ada.authorization)
    const method: UnaryMethod<CountDocumentsRequest, CountDocumentsResponse> = (message, _, options, done) =>
      client.countDocuments(message, metadata, options, (error, answer) => done(error, answer!))
    const call = (message: Partial<CountDocumentsRequest>) =>
      callUnary(
        method,
        CountDocumentsRequest.fromPartial({ index: 's2', ...message }),
        Deadline.after(100_000),
        'coordinator',
      )
    try {
      const { count: found, coverage } = await call({ filterJson: '{"field":"n","exists":true}' })
      const own = {
        must: [
          { field: 'tenant', equals: 'ada' },
          { field: 'n', exists: true },
        ],
      }
      assert.deepEqual([found, coverage?.ratio], [passing(own), 1])
      await assert.rejects(call({ filterJson: '{"field":"shape","exists":true}' }), { code: 'invalid_request' })
    } finally {
      client.close()
    }
  })
})
