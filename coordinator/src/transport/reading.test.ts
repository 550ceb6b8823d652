import assert from 'node:assert/strict'
import { Metadata } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient, type UnaryMethod } from '@hypershard/common/grpc'
import { casesOf, type TestKeys, writeTestKeys } from '@hypershard/harness'
import {
  CountDocumentsRequest,
  type CountDocumentsResponse,
  ListDocumentsRequest,
  type ListDocumentsResponse,
  SearchServiceClient,
} from '@hypershard/proto/search'
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

describe('counting and listing documents', () => {
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

  const passes = (filter: object, { id: _, text: __, ...own }: (typeof last)[number]) =>
    passesFilter(readFilter(filter, { fields }), { fields }, { fields: JSON.stringify(own) })

  const passing = (filter: object) => last.filter(one => passes(filter, one)).length

  it('gives the number that pass, whatever the filter, from 1, 2, 4 and 8 shards', async () => {
    const property = fc.asyncProperty(filters, async filter => {
      const expected = passing(filter)
      for (const shards of shardCounts) {
        const { status, json } = await count(shards, { filter })
        assert.deepEqual([status, json.count, json.coverage.documents_eligible], [200, expected, last.length])
        assert.deepEqual([json.coverage.ratio, json.coverage.documents_scored], [1, 0])
      }
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 6, thorough: 80 }) })
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

  async function list(shards: number, body: object, key: Name = 'root') {
    // biome-ignore lint/suspicious/noExplicitAny: answers of tests have many shapes.
    const pages: any[] = []
    for (let cursor: string | undefined; ; ) {
      const path = `/s${shards}/documents/list`
      const { status, json } = await ask('POST', path, { ...body, ...(cursor && { cursor }) }, key)
      assert.equal(status, 200, JSON.stringify(json))
      pages.push(json)
      if (json.next_cursor === null) return pages
      cursor = json.next_cursor
    }
  }

  const idsOf = (pages: readonly { documents: readonly { id: string }[] }[]) =>
    pages.flatMap(page => page.documents.map(({ id }) => id))

  it('lists each document that passes once, to the end, in pages of any length, from 1, 2, 4 and 8 shards', async () => {
    const property = fc.asyncProperty(fc.option(filters), fc.integer({ min: 1, max: 30 }), async (drawn, limit) => {
      const filter = drawn ?? undefined
      const expected = last.filter(one => filter === undefined || passes(filter, one)).map(({ id }) => id)
      for (const shards of shardCounts) {
        const pages = await list(shards, { filter, limit, with: [] })
        assert.ok(pages.every(page => page.documents.length <= limit))
        const again = await list(shards, { filter, limit: 1_000, with: [] })
        assert.deepEqual(idsOf(pages), idsOf(again), 'the order does not depend on the pages')
        assert.deepEqual(idsOf(pages).sort(), expected.toSorted())
      }
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 4, thorough: 30 }) })
  })

  it('goes on in the version of the first page, whatever is written meanwhile', async () => {
    const name = 'turned'
    await ask('POST', '', { name, shards: 2, fields })
    const write = (lines: readonly object[]) =>
      ask(
        'PUT',
        `/${name}/documents?wait_for=searchable`,
        lines.map(line => JSON.stringify(line)).join('\n'),
        'root',
        'application/x-ndjson',
      )
    await write(documents)
    const pageAfter = (cursor?: string) => ask('POST', `/${name}/documents/list`, { limit: 7, cursor })
    const found: { id: string; text: string }[] = []
    for (let answer = await pageAfter(); ; ) {
      found.push(...answer.json.documents)
      if (answer.json.next_cursor === null) break
      const { id } = found.at(-1)!
      await write([
        { id: 'd23', text: 'changed' },
        { id, _op: 'delete' },
        { id: `new after ${id}`, text: 'new' },
      ])
      answer = await pageAfter(answer.json.next_cursor)
    }
    const expected = documents.map(({ id, text }) => [id, text])
    assert.deepEqual(found.map(({ id, text }) => [id, text]).sort(), expected.sort())
  })

  it('lists texts, fields and vectors as they are asked for', async () => {
    const stored = Object.fromEntries(last.map(one => [one.id, one]))
    const [one] = (await list(2, { limit: 1_000 }))[0].documents
    const { tenant, n } = stored[one.id]!
    assert.deepEqual(one, {
      id: one.id,
      version: one.version,
      title: '',
      text: 'stars',
      fields: { tenant, ...(n && { n }) },
    })
    const [{ documents: whole }] = await list(2, { limit: 1_000, with: ['vector'] })
    for (const { vector, ...rest } of whole) {
      const { json } = await request(`${coordinator.url}/v1/indexes/s2/documents/${rest.id}?vector=true`, {
        headers: keys.headers.root,
      })
      const values = [...new Float32Array(Uint8Array.from(Buffer.from(vector.values, 'base64')).buffer)]
      assert.deepEqual([rest, { model: vector.model, values }], [{ id: json.id, version: json.version }, json.vector])
    }
  })

  it('turns the pages of a key with a filter for this key alone', async () => {
    const own = { must_not: { field: 'n', exists: false } }
    const pages = await list(4, { filter: own, limit: 1 }, 'ada')
    assert.deepEqual(
      idsOf(pages).sort(),
      last
        .filter(one => one.tenant === 'ada' && 'n' in one)
        .map(({ id }) => id)
        .sort(),
    )
    const { next_cursor: cursor } = pages[0]
    for (const [key, body] of [
      ['root', { filter: own, cursor }],
      ['ada', { cursor }],
    ] as const) {
      assert.equal((await ask('POST', '/s4/documents/list', body, key)).json.code, 'invalid_cursor')
    }
    assert.equal((await ask('POST', '/s4/documents/list', {}, 'searcher')).status, 403)
  })

  it('says of a page which shard could not be listed, and ends no list before its end', async () => {
    for (const server of coordinator.servers) server.failingShards.add(3)
    try {
      const { status, json } = await ask('POST', '/s4/documents/list', { limit: 1_000 })
      assert.deepEqual([status, json.code, json.details.shard], [500, 'corrupt_data', 3])
    } finally {
      for (const server of coordinator.servers) server.failingShards.clear()
    }
    assert.equal((await ask('POST', '/s4/documents/list', { limit: 0 })).json.code, 'invalid_request')
    assert.equal((await ask('POST', '/s4/documents/list', { with: ['texts'] })).json.code, 'invalid_request')
    assert.equal((await ask('POST', '/s4/documents/list', { cursor: 'x' })).json.code, 'invalid_cursor')
  })

  it('does both over gRPC as over HTTP', async () => {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.ada.authorization)
    const count: UnaryMethod<CountDocumentsRequest, CountDocumentsResponse> = (message, _, options, done) =>
      client.countDocuments(message, metadata, options, (error, answer) => done(error, answer!))
    const list: UnaryMethod<ListDocumentsRequest, ListDocumentsResponse> = (message, _, options, done) =>
      client.listDocuments(message, metadata, options, (error, answer) => done(error, answer!))
    const index = 's2'
    const filterJson = '{"field":"n","exists":true}'
    const call = <Request, Answer>(method: UnaryMethod<Request, Answer>, message: Request) =>
      callUnary(method, message, Deadline.after(100_000), 'coordinator')
    const counted = (own: object) => call(count, CountDocumentsRequest.fromPartial({ index, ...own }))
    const listed = (own: object) => call(list, ListDocumentsRequest.fromPartial({ index, ...own }))
    try {
      const own = last.filter(one => one.tenant === 'ada' && 'n' in one).map(({ id }) => id)
      const { count: found, coverage } = await counted({ filterJson })
      assert.deepEqual([found, coverage?.ratio], [own.length, 1])
      await assert.rejects(counted({ filterJson: '{"field":"shape","exists":true}' }), { code: 'invalid_request' })
      const first = await listed({ filterJson, limit: 1, with: ['fields', 'vector'] })
      const { nextCursor: cursor } = first
      const rest = await listed({ filterJson, cursor, limit: 1_000, idsOnly: true })
      const ids = [...first.documents, ...rest.documents].map(({ id }) => id)
      assert.deepEqual([ids.sort(), rest.nextCursor], [own.sort(), ''])
      const [{ vectorModel, vector, text, fieldsJson } = assert.fail()] = first.documents
      assert.deepEqual([vectorModel.length, vector.length > 0, text], [64, true, ''])
      assert.equal(JSON.parse(fieldsJson).tenant, 'ada')
      assert.equal(rest.documents[0]!.fieldsJson, '')
      await assert.rejects(listed({ idsOnly: true, with: ['text'] }), { code: 'invalid_request' })
    } finally {
      client.close()
    }
  })
})
