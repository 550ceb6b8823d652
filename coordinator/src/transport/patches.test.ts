import assert from 'node:assert/strict'
import type { ServiceError } from '@grpc/grpc-js'
import { Metadata } from '@grpc/grpc-js'
import { connectClient } from '@hypershard/common/grpc'
import { type TestKeys, writeTestKeys } from '@hypershard/harness'
import { PutDocumentsRequest, type PutDocumentsResponse, SearchServiceClient } from '@hypershard/proto/search'
import { request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const asked = {
  root: {},
  ada: { filter: { field: 'tenant', equals: 'ada' }, scopes: ['write', 'read'] },
} as const

type Name = keyof typeof asked

const fields = { tenant: { type: 'keyword' }, year: { type: 'number' } } as const

describe('patching documents', () => {
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

  function ask(method: string, path: string, body?: unknown, key: Name = 'root', more: Record<string, string> = {}) {
    const isLines = Array.isArray(body)
    const text = isLines
      ? body.map(line => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
      : JSON.stringify(body)
    const type = isLines ? 'application/x-ndjson' : 'application/json'
    const headers = { ...keys.headers[key], 'content-type': type, ...more }
    return request(`${coordinator.url}/v1/indexes${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: text }),
    })
  }

  async function makeIndex(documents: readonly unknown[], own: object = {}): Promise<string> {
    const name = `i${++made}`
    const created = await ask('POST', '', { name, shards: 2, fields, ...own })
    assert.equal(created.status, 201, JSON.stringify(created.json))
    await write(name, documents)
    return name
  }

  async function write(index: string, lines: readonly unknown[], key?: Name, more?: Record<string, string>) {
    return (await ask('PUT', `/${index}/documents?wait_for=searchable`, lines, key, more)).json
  }

  const get = async (index: string, id: string) => (await ask('GET', `/${index}/documents/${id}?vector=true`)).json

  const search = async (index: string, filter: object) =>
    (await ask('POST', `/${index}/search`, { query: 'stars', plan: 'exact', filter })).json.hits

  it('replaces what it gives, removes what is null, and encodes nothing while the text stays', async () => {
    const put = '{"id":"a","title":"Sky","text":"stars","year":1999,"draft":true,"big":9007199254740993}'
    const index = await makeIndex([put, { id: 'b', text: 'tides', year: 1999 }])
    const before = await get(index, 'a')
    const encoded = coordinator.encoder.documentsEncoded
    const answer = await write(index, [{ _op: 'patch', id: 'a', year: 2021, draft: null, new: [1, 'x'] }])
    assert.deepEqual([answer.accepted, answer.failed, answer.searchable], [1, 0, true])
    const { version, fields: found, vector, title, text } = await get(index, 'a')
    assert.deepEqual([version, title, text, vector], [answer.sequence, 'Sky', 'stars', before.vector])
    assert.deepEqual(Object.keys(found), ['year', 'big', 'new'])
    const raw = await (
      await fetch(`${coordinator.url}/v1/indexes/${index}/documents/a`, { headers: keys.headers.root })
    ).text()
    assert.match(raw, /"big":9007199254740993/)
    assert.equal(coordinator.encoder.documentsEncoded, encoded)
    const [hit, ...others] = await search(index, { field: 'year', gte: 2000 })
    assert.deepEqual([hit.id, others.length, (await search(index, { field: 'year', lt: 2000 })).length], ['a', 0, 1])
  })

  it('encodes a text that changes, and that document alone', async () => {
    const index = await makeIndex([
      { id: 'a', text: 'stars', year: 1 },
      { id: 'b', text: 'tides' },
    ])
    const before = await get(index, 'a')
    const encoded = coordinator.encoder.documentsEncoded
    await write(index, [
      { _op: 'patch', id: 'a', text: 'moon dust' },
      { _op: 'patch', id: 'b', year: 3 },
    ])
    const { text, fields: found, vector } = await get(index, 'a')
    assert.deepEqual([text, found, coordinator.encoder.documentsEncoded], ['moon dust', { year: 1 }, encoded + 1])
    assert.notDeepEqual(vector, before.vector)
  })

  it('says of each line why it cannot be done, and does the others', async () => {
    const index = await makeIndex([
      { id: 'a', text: 'stars' },
      { id: 'gone', text: 'stars' },
    ])
    const lines = [
      { _op: 'patch', id: 'none', year: 1 },
      { _op: 'patch', id: 'a', year: 'x' },
      { _op: 'patch', id: 'a', text: null },
      { _op: 'patch', id: 'a', title: 5 },
      { _op: 'patch', id: 'a', year: 7, _if_version: 99 },
      { _op: 'delete', id: 'gone' },
      { _op: 'patch', id: 'gone', year: 1 },
      { id: 'new', text: 'new' },
      { _op: 'patch', id: 'new', year: 8 },
      { _op: 'patch', year: 8 },
    ]
    const { accepted, errors } = await write(index, lines)
    assert.deepEqual(
      errors
        .map(({ line, code }: { line: number; code: string }) => [line, code])
        .sort(([one]: [number], [two]: [number]) => one - two),
      [
        [1, 'document_not_found'],
        [2, 'invalid_request'],
        [3, 'invalid_request'],
        [4, 'invalid_request'],
        [5, 'version_mismatch'],
        [7, 'document_not_found'],
        [10, 'invalid_request'],
      ],
    )
    assert.deepEqual([accepted, (await get(index, 'new')).fields], [3, { year: 8 }])
  })

  it('lets a key with a filter patch what passes it before and after', async () => {
    const index = await makeIndex([
      { id: 'mine', text: 'stars', tenant: 'ada' },
      { id: 'theirs', text: 'stars', tenant: 'bob' },
    ])
    const lines = [
      { _op: 'patch', id: 'mine', year: 5 },
      { _op: 'patch', id: 'theirs', year: 5 },
      { _op: 'patch', id: 'nobodys', year: 5 },
      { _op: 'patch', id: 'mine', tenant: 'bob' },
      { _op: 'patch', id: 'mine', tenant: null },
      { _op: 'patch', id: 'theirs', tenant: 'ada' },
    ]
    const { accepted, errors } = await write(index, lines, 'ada')
    const told = errors.map(({ line, code }: { line: number; code: string }) => [line, code])
    const missing = 'document_not_found'
    assert.deepEqual(
      [accepted, told],
      [
        1,
        [
          [2, missing],
          [3, missing],
          [4, 'forbidden'],
          [5, 'forbidden'],
          [6, missing],
        ],
      ],
    )
    const messages = new Set(
      errors
        .filter(({ code }: { code: string }) => code === missing)
        .map(({ message }: { message: string }) => message),
    )
    assert.equal(messages.size, 1, 'nothing tells a document of others from none')
    assert.deepEqual(
      [(await get(index, 'mine')).fields, (await get(index, 'theirs')).fields],
      [{ tenant: 'ada', year: 5 }, { tenant: 'bob' }],
    )
  })

  it('keeps a vector from outside, unless the patch gives another', async () => {
    const index = await makeIndex([{ id: 'a', vector: [1, 2], text: 'stars' }], {
      model: 'external',
      vectors: { width: 2 },
    })
    const encoded = coordinator.encoder.documentsEncoded
    await write(index, [{ _op: 'patch', id: 'a', year: 1, text: 'other' }])
    assert.deepEqual((await get(index, 'a')).vector.values, [1, 2])
    // Before it is indexed too.
    await write(index, [
      { id: 'b', vector: [5, 6] },
      { _op: 'patch', id: 'b', year: 2 },
      { _op: 'patch', id: 'a', vector: [3, 4] },
    ])
    assert.deepEqual(
      [(await get(index, 'a')).vector.values, (await get(index, 'b')).vector.values],
      [
        [3, 4],
        [5, 6],
      ],
    )
    assert.deepEqual((await get(index, 'a')).fields, { year: 1 })
    const { errors } = await write(index, [
      { _op: 'patch', id: 'a', vector: [1] },
      { _op: 'patch', id: 'a', vector: null },
    ])
    assert.deepEqual(
      errors.map(({ line }: { line: number }) => line),
      [1, 2],
    )
    assert.equal(coordinator.encoder.documentsEncoded, encoded)
  })

  it('is done once with an idempotency key, also when it comes twice at a time', async () => {
    const index = await makeIndex([{ id: 'a', text: 'stars', year: 1 }])
    const key = { 'idempotency-key': 'k' }
    const line = [{ _op: 'patch', id: 'a', year: 2 }]
    const twins = await Promise.all([1, 2, 3].map(() => write(index, line, 'root', key)))
    assert.equal(new Set(twins.map(({ sequence }) => sequence)).size, 1)
    await write(index, [{ _op: 'patch', id: 'a', year: 3 }])
    const again = await write(index, line, 'root', key)
    assert.deepEqual([again.repeated, again.accepted, (await get(index, 'a')).fields], [true, 1, { year: 3 }])
  })

  it('patches over gRPC as over HTTP', async () => {
    const index = await makeIndex([{ id: 'a', title: 'Sky', text: 'stars', year: 1, draft: 2 }])
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.root.authorization)
    try {
      const answer = await new Promise<PutDocumentsResponse>((resolve, reject) => {
        const done = (error: ServiceError | null, response?: PutDocumentsResponse) =>
          error ? reject(error) : resolve(response!)
        const call = client.putDocuments(metadata, { deadline: Date.now() + 100_000 }, done)
        const patches = [
          { id: 'a', title: '', fieldsJson: '{"year":9007199254740993,"draft":null}' },
          { id: 'none', text: 'x' },
          { id: 'a', fields: { open: true }, ifVersion: 77 },
        ]
        call.write(PutDocumentsRequest.fromPartial({ index, waitForSearchable: true, patches }))
        call.end()
      })
      assert.deepEqual(
        [answer.accepted, answer.errors.map(({ line, code }) => [line, code])],
        [
          1,
          [
            [2, 'document_not_found'],
            [3, 'version_mismatch'],
          ],
        ],
      )
      const { title, text, fields: found } = await get(index, 'a')
      assert.deepEqual([title, text, Object.keys(found)], ['', 'stars', ['year']])
    } finally {
      client.close()
    }
  })
})
