import assert from 'node:assert/strict'
import { Metadata } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient, type UnaryMethod } from '@hypershard/common/grpc'
import { casesOf, type TestKeys, writeTestKeys } from '@hypershard/harness'
import { DeleteByFilterRequest, type DeleteByFilterResponse, SearchServiceClient } from '@hypershard/proto/search'
import fc from 'fast-check'
import { request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const asked = {
  root: {},
  ada: { filter: { field: 'tenant', equals: 'ada' }, scopes: ['write', 'read'] },
  reader: { scopes: ['read'] },
} as const

type Name = keyof typeof asked

interface Line {
  readonly id: string
  readonly text?: string
  readonly n?: number
  readonly tenant?: string
  readonly _op?: 'delete'
}

const fields = { tenant: { type: 'keyword' }, n: { type: 'number' } } as const
const old = { field: 'n', lt: 5 }
const lineOf = (at: number, n: number): Line => ({
  id: `d${at}`,
  text: 'stars',
  n,
  tenant: at % 2 === 0 ? 'ada' : 'bob',
})
const lines = (...ns: number[]) => ns.map((n, at) => lineOf(at, n))

describe('deleting by filter', () => {
  let keys: TestKeys<Name>
  let coordinator: TestCoordinator
  let made = 0

  before(async () => {
    keys = await writeTestKeys<Name>(asked as never)
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_KEYS: keys.path } })
  })

  after(async () => {
    await coordinator?.stop()
    await keys?.remove()
  })

  interface Sent {
    readonly key?: Name
    readonly type?: string
    readonly headers?: Readonly<Record<string, string>>
  }

  function ask(
    method: string,
    path: string,
    body: unknown,
    { key = 'root', type = 'application/json', headers }: Sent = {},
  ) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const sent = { ...keys.headers[key], 'content-type': type, ...headers }
    return request(`${coordinator.url}/v1/indexes${path}`, { method, headers: sent, body: text })
  }

  async function makeIndex(documents: readonly Line[], shards = 3): Promise<string> {
    const name = `i${++made}`
    await ask('POST', '', { name, shards, fields })
    if (documents.length > 0) await write(name, documents)
    return name
  }

  async function write(index: string, documents: readonly Line[], wait = 'searchable') {
    const body = documents.map(line => JSON.stringify(line)).join('\n')
    const path = `/${index}/documents?wait_for=${wait}`
    const { json } = await ask('PUT', path, body, { type: 'application/x-ndjson' })
    assert.equal(json.failed, 0, JSON.stringify(json))
    return json
  }

  const remove = (index: string, body: object, sent?: Sent) =>
    ask('POST', `/${index}/documents/delete-by-filter?wait_for=searchable`, body, sent)

  async function idsOf(index: string): Promise<string[]> {
    const { json } = await ask('POST', `/${index}/documents/list`, { limit: 1_000, with: [] })
    return json.documents.map(({ id }: Line) => id).sort()
  }

  const pause = (index: string, paused: boolean) => ask('PATCH', `/${index}/generations/1`, { paused })

  it('deletes what passes and nothing else, from 1, 2, 4 and 8 shards', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 12 }),
      async ns => {
        for (const shards of [1, 2, 4, 8]) {
          const index = await makeIndex(lines(...ns), shards)
          const { status, json } = await remove(index, { filter: old })
          const gone = ns.filter(n => n < 5).length
          assert.deepEqual([status, json.deleted, json.written_meanwhile, json.complete], [200, gone, 0, true])
          const left = lines(...ns)
            .filter(({ n }) => n! >= 5)
            .map(({ id }) => id)
          assert.deepEqual(await idsOf(index), left.sort())
        }
      },
    )
    await fc.assert(property, { numRuns: casesOf({ usual: 1, thorough: 4 }) })
  })

  it('leaves what was written after the version that it looks at, searchable or not', async () => {
    const index = await makeIndex(lines(0, 1, 2, 7))
    await pause(index, true)
    // Nobody has compared these with the filter: one passes no longer, two still do, one is new, one is gone already.
    await write(
      index,
      [lineOf(0, 9), lineOf(1, 3), { id: 'new', text: 'stars', n: 1 }, { id: 'd3', _op: 'delete' }],
      'durable',
    )
    const { json } = await ask('POST', `/${index}/documents/delete-by-filter`, { filter: old })
    assert.deepEqual([json.deleted, json.written_meanwhile, json.searchable], [1, 2, false])
    await pause(index, false)
    await write(index, [{ id: 'last', text: 'stars', n: 8 }])
    assert.deepEqual(await idsOf(index), ['d0', 'd1', 'last', 'new'])
    assert.equal((await remove(index, { filter: old })).json.deleted, 2)
  })

  it('leaves what is written while it looks', async () => {
    const index = await makeIndex(lines(0, 1, 2), 1)
    await pause(index, true)
    const lists = coordinator.servers.map(one => one.list)
    for (const [at, one] of coordinator.servers.entries()) {
      one.list = async (...call) => {
        await write(index, [lineOf(1, 4)], 'durable')
        return lists[at]!.apply(one, call)
      }
    }
    try {
      const { json } = await ask('POST', `/${index}/documents/delete-by-filter`, { filter: old })
      assert.deepEqual([json.deleted, json.written_meanwhile], [2, 1])
    } finally {
      for (const [at, one] of coordinator.servers.entries()) one.list = lists[at]!
    }
    await pause(index, false)
    await write(index, [{ id: 'last', text: 'stars' }])
    assert.deepEqual(await idsOf(index), ['d1', 'last'])
  })

  it('looks once searches see a write, where it is told to', async () => {
    const index = await makeIndex([])
    const { sequence } = await write(index, lines(1, 2, 8), 'durable')
    assert.equal((await remove(index, { filter: old, min_sequence: sequence })).json.deleted, 2)
  })

  it('deletes once with the same key and filter', async () => {
    const index = await makeIndex(lines(0, 1, 8))
    const headers = { 'idempotency-key': 'k' }
    const first = await remove(index, { filter: old }, { headers })
    await write(index, lines(0))
    const again = await remove(index, { filter: old }, { headers })
    assert.deepEqual([first.json.deleted, first.json.repeated], [2, false])
    assert.deepEqual([again.json.deleted, again.json.repeated, again.json.sequence], [2, true, first.json.sequence])
    assert.deepEqual(await idsOf(index), ['d0', 'd2'])
    assert.equal((await remove(index, { filter: { field: 'n', gte: 5 } }, { headers })).json.deleted, 1)
  })

  it('deletes once when the same request comes twice at a time', async () => {
    const index = await makeIndex(lines(0, 1, 8))
    const headers = { 'idempotency-key': 'twin' }
    const twins = await Promise.all([1, 2, 3].map(() => remove(index, { filter: old }, { headers })))
    assert.deepEqual(new Set(twins.map(({ json }) => json.sequence)).size, 1)
    assert.deepEqual(twins.map(({ json }) => [json.deleted, json.repeated]).sort(), [
      [2, false],
      [2, true],
      [2, true],
    ])
  })

  it('deletes of a key with a filter what is its own', async () => {
    const index = await makeIndex(lines(0, 1, 2, 3))
    const everything = {
      should: [
        { field: 'n', exists: true },
        { field: 'n', exists: false },
      ],
    }
    const { json } = await remove(index, { filter: everything }, { key: 'ada' })
    assert.equal(json.deleted, 2)
    assert.deepEqual(await idsOf(index), ['d1', 'd3'])
    assert.equal((await remove(index, { filter: everything }, { key: 'reader' })).status, 403)
  })

  it('says when nothing passes, and what a request has wrong', async () => {
    const index = await makeIndex(lines(8))
    const { json } = await remove(index, { filter: old })
    assert.deepEqual([json.deleted, json.sequence, json.complete], [0, null, true])
    const wrong = [
      [{}, /filter/],
      [{ filter: { field: 'shape', equals: 1 } }, /^body\.filter\.field/],
      [{ filter: old, ids: [] }, /ids/],
    ] as const
    for (const [body, message] of wrong) {
      const answer = await remove(index, body)
      assert.deepEqual([answer.status, message.test(answer.json.detail)], [400, true], answer.json.detail)
    }
    assert.equal((await remove('none', { filter: old })).status, 404)
    assert.equal((await ask('POST', `/${index}/documents/delete-by-filter?progress=true`, { filter: old })).status, 400)
  })

  it('deletes over gRPC as over HTTP', async () => {
    const index = await makeIndex(lines(0, 1, 8))
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.ada.authorization)
    const method: UnaryMethod<DeleteByFilterRequest, DeleteByFilterResponse> = (message, _, options, done) =>
      client.deleteByFilter(message, metadata, options, (error, answer) => done(error, answer!))
    const call = (own: object) =>
      callUnary(method, DeleteByFilterRequest.fromPartial({ index, ...own }), Deadline.after(100_000), 'coordinator')
    try {
      const filterJson = JSON.stringify(old)
      const { deleted, complete } = await call({ filterJson, waitForSearchable: true, idempotencyKey: 'g' })
      assert.deepEqual([deleted, complete], [1, true])
      assert.deepEqual(await idsOf(index), ['d1', 'd2'])
      assert.equal((await call({ filterJson, idempotencyKey: 'g' })).repeated, true)
      await assert.rejects(call({}), { code: 'invalid_request' })
    } finally {
      client.close()
    }
  })
})
