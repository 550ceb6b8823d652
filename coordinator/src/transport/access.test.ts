import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { scopes } from '@hypershard/access'
import { Deadline } from '@hypershard/common'
import { connectClient, fromServiceError } from '@hypershard/common/grpc'
import { captureLog, eventually, type TestKeys, writeTestKeys } from '@hypershard/harness'
import { PutDocumentsRequest, SearchRequest, SearchServiceClient } from '@hypershard/proto/search'
import { request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const asked = {
  root: {},
  searcher: { scopes: ['search'] },
  reader: { scopes: ['read'] },
  writer: { scopes: ['write'] },
  admin: { scopes: ['admin'] },
  papers: { indexes: ['papers*'] },
  expired: { expires_at: '2026-01-02T00:00:00Z' },
  revoked: {},
  slow: { limits: { requests_per_second: 0.01 } },
  thrifty: { limits: { gigaflops_per_second: 1e-9 } },
} as const

type Name = keyof typeof asked

interface Operation {
  readonly id: string
  /** Of docs/security.md. */
  readonly row: string
  readonly method: string
  readonly path: string
  readonly security: readonly { readonly key: readonly string[] }[]
}

interface Described {
  readonly operationId: string
  readonly security: Operation['security']
  readonly 'x-access': { readonly whole_cluster: boolean; readonly keeps_to_filter: boolean }
}

async function operationsOf(url: string): Promise<Operation[]> {
  const { paths } = (await request(`${url}/openapi.json`)).json
  return Object.entries<Record<string, Described>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([verb, { operationId, security, 'x-access': access }]) => {
      const method = verb.toUpperCase()
      const filled = path.replace('{generation}', '1').replaceAll(/\{(\w+)\}/g, 'papers')
      const scope = security[0]?.key[0] ?? 'public'
      const whose = access.whole_cluster ? 'for all indexes' : access.keeps_to_filter ? 'also with a filter' : ''
      const row = `| \`${method} ${path}\` | ${scope} | ${scope === 'public' ? '' : whose} |`
      return { id: operationId, row: row.replace('|  |', '| |'), method, path: filled, security }
    }),
  )
}

describe('the doors of a coordinator that asks for keys', () => {
  const captured = captureLog('info')
  let keys: TestKeys<Name>
  let coordinator: TestCoordinator
  let client: SearchServiceClient

  before(async () => {
    keys = await writeTestKeys<Name>(asked as never)
    const environment = { HYPERSHARD_KEYS: keys.path }
    coordinator = await startTestCoordinator({ environment, log: captured.log })
    client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    for (const name of ['papers', 'secrets']) {
      const made = await ask('POST', '/v1/indexes', 'root', { name, shards: 1 })
      assert.equal(made.status, 201)
    }
  })

  after(async () => {
    client?.close()
    await coordinator?.stop()
    await keys?.remove()
  })

  function ask(method: string, path: string, key: Name | undefined, body?: unknown) {
    const headers = {
      ...(key && keys.headers[key]),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    return request(`${coordinator.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  type Method = 'search' | 'getIndex' | 'listIndexes' | 'createIndex' | 'deleteIndex'

  /** What a call of the twin came to: a status, or OK. */
  function call(method: Method, message: object, key: Name | undefined): Promise<string> {
    const metadata = new Metadata()
    if (key !== undefined) metadata.set('authorization', keys.headers[key].authorization)
    return new Promise(resolve => {
      const done = (error: ServiceError | null) => resolve(error === null ? 'ok' : fromServiceError(error, 'it').code)
      const full = { ...SearchRequest.fromPartial({}), fields: {}, ...message }
      const make = client[method] as (...given: unknown[]) => unknown
      make.call(client, full, metadata, { deadline: Deadline.after(60_000).toDate() }, done)
    })
  }

  it('let nobody in without a key, by any route but the public ones', async () => {
    for (const { id, method, path, security } of await operationsOf(coordinator.url)) {
      const { status: answered, headers } = await ask(method, path, undefined)
      if (security.length === 0) assert.notEqual(answered, 401, id)
      else {
        assert.equal(answered, 401, id)
        assert.equal(headers.get('www-authenticate'), 'Bearer realm="hypershard"', id)
      }
    }
  })

  it('let a key in by the routes of its scope alone', async () => {
    const ofScope = { search: 'searcher', read: 'reader', write: 'writer', admin: 'admin' } as const
    for (const { id, method, path, security } of await operationsOf(coordinator.url)) {
      const needed = security[0]?.key[0]
      for (const scope of scopes) {
        if (scope === needed && /^(drain|undrain|delete|watch)/.test(id)) continue
        const { status: answered } = await ask(method, path, ofScope[scope])
        if (needed === undefined || scope === needed) assert.ok(answered !== 403 && answered !== 401, `${id} ${scope}`)
        else assert.equal(answered, 403, `${id} ${scope}`)
      }
    }
  })

  it('are described in docs/security.md, route by route', async () => {
    const page = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8')
    const documented = page.split('\n').filter(line => /^\| `[A-Z]+ \//.test(line))
    const actual = (await operationsOf(coordinator.url)).map(({ row }) => row)
    assert.deepEqual(documented.toSorted(), actual.toSorted(), 'mend the table')
  })

  it('let HEAD in by no less than GET', async () => {
    const url = `${coordinator.url}/v1/indexes`
    assert.equal((await fetch(url, { method: 'HEAD' })).status, 401)
    assert.equal((await fetch(url, { method: 'HEAD', headers: keys.headers.reader })).status, 200)
  })

  it('refuse a body before it is read', async () => {
    const put = (headers: Record<string, string>) =>
      request(`${coordinator.url}/v1/indexes/papers/search`, { method: 'POST', headers, body: '{"no' })
    const json = { 'content-type': 'application/json' }
    assert.equal((await put(json)).status, 401)
    assert.equal((await put({ ...json, ...keys.headers.reader })).status, 403)
    assert.equal((await put({ ...json, ...keys.headers.root })).status, 400)
  })

  it('refuse keys that are expired, altered, or no keys', async () => {
    const sent = [
      keys.headers.expired.authorization,
      keys.headers.root.authorization.replace(/.$/, last => (last === '0' ? '1' : '0')),
      `Basic ${keys.texts.root}`,
      `Bearer ${keys.ids.root}`,
      'Bearer',
    ]
    for (const authorization of sent) {
      const { status: answered, json } = await request(`${coordinator.url}/v1/indexes`, { headers: { authorization } })
      assert.deepEqual([answered, json.code], [401, 'unauthenticated'], authorization)
    }
  })

  it('refuse a request that has two keys, which others on the way may take for one or the other', async () => {
    const { hostname, port } = new URL(coordinator.url)
    const { authorization } = keys.headers.root
    const lines = ['GET /v1/indexes HTTP/1.1', 'Host: papers', 'Connection: close', `Authorization: ${authorization}`]
    const ask = async (more: readonly string[]) => {
      const socket = connect(Number(port), hostname)
      socket.write(`${[...lines, ...more].join('\r\n')}\r\n\r\n`)
      return (await readText(socket)).slice(0, 'HTTP/1.1 200'.length)
    }
    assert.equal(await ask([]), 'HTTP/1.1 200')
    assert.equal(await ask([`Authorization: ${keys.headers.searcher.authorization}`]), 'HTTP/1.1 401')
  })

  it('refuse a key that was revoked, without a restart', async () => {
    assert.equal((await ask('GET', '/v1/indexes', 'revoked')).status, 200)
    await keys.keepOnly(['root', 'searcher', 'reader', 'writer', 'admin', 'papers', 'expired', 'slow', 'thrifty'])
    await eventually(async () => (await ask('GET', '/v1/indexes', 'revoked')).status === 401)
    assert.equal((await ask('GET', '/v1/indexes', 'root')).status, 200)
  })

  it('tell a key nothing of indexes that it may not use', async () => {
    const names = (await ask('GET', '/v1/indexes', 'papers')).json.indexes.map(({ name }: { name: string }) => name)
    assert.deepEqual(names, ['papers'])
    const hidden = await ask('GET', '/v1/indexes/secrets', 'papers')
    const missing = await ask('GET', '/v1/indexes/nothing', 'papers')
    assert.deepEqual([hidden.status, missing.status], [403, 403])
    const { request_id: _, ...problem } = hidden.json
    const { request_id: __, ...other } = missing.json
    assert.deepEqual(problem, JSON.parse(JSON.stringify(other).replaceAll('nothing', 'secrets')))
    assert.equal((await ask('GET', '/v1/cluster', 'papers')).status, 403)
    assert.equal((await ask('POST', '/v1/indexes', 'papers', { name: 'secrets' })).status, 403)
    assert.equal((await ask('POST', '/v1/indexes/papers/clone', 'papers', { name: 'secrets' })).status, 403)
  })

  it('let an alias be used by its own name, and made between names that are both allowed', async () => {
    const add = (alias: string, index: string) => ({ actions: [{ add: { alias, index } }] })
    assert.equal((await ask('POST', '/v1/aliases', 'papers', add('papers-x', 'secrets'))).status, 403)
    assert.equal((await ask('POST', '/v1/aliases', 'papers', add('mine', 'papers'))).status, 403)
    assert.equal((await ask('POST', '/v1/aliases', 'root', add('papers-now', 'secrets'))).status, 200)
    assert.equal((await ask('POST', '/v1/aliases', 'root', add('others', 'secrets'))).status, 200)
    assert.equal((await ask('GET', '/v1/indexes/papers-now', 'papers')).status, 200)
    const { aliases } = (await ask('GET', '/v1/aliases', 'papers')).json
    const visible = aliases.map(({ alias }: { alias: string }) => alias)
    assert.ok(visible.includes('papers-now') && !visible.includes('others'), visible.join())
    const { versions } = (await ask('GET', '/v1/aliases/history', 'papers')).json
    assert.doesNotMatch(JSON.stringify(versions), /others/)
  })

  it('tell of the names of a generation those alone that a key may use', async () => {
    const add = (alias: string) => ({ actions: [{ add: { alias, index: 'papers' } }] })
    assert.equal((await ask('POST', '/v1/aliases', 'root', add('papers-live'))).status, 200)
    assert.equal((await ask('POST', '/v1/aliases', 'root', add('hidden'))).status, 200)
    const path = '/v1/indexes/papers/generations'
    const visible = ['papers', 'papers-live']
    assert.deepEqual((await ask('GET', `${path}/1`, 'papers')).json.names, visible)
    assert.deepEqual((await ask('GET', path, 'papers')).json.generations[0].names, visible)
    assert.deepEqual((await ask('GET', `${path}/1`, 'root')).json.names, ['hidden', ...visible])
    const dropped = await ask('DELETE', `${path}/1`, 'papers')
    assert.equal(dropped.json.code, 'wrong_phase')
    assert.doesNotMatch(JSON.stringify(dropped.json), /hidden/)
    assert.match((await ask('DELETE', `${path}/1`, 'root')).json.detail, /hidden/)
  })

  it('let who may use an alias alone move no other name', async () => {
    for (const path of ['generations/1/promote', 'rollback', 'snapshots/none/restore']) {
      const along = await ask('POST', `/v1/indexes/papers-now/${path}?move_aliases=true`, 'papers')
      assert.deepEqual([along.json.code, along.json.details.index], ['forbidden', 'secrets'], path)
      const alone = await ask('POST', `/v1/indexes/papers-now/${path}`, 'papers')
      assert.notEqual(alone.json.code, 'forbidden', path)
    }
  })

  it('let a key do no more in a second than its limits say', async () => {
    const first = await ask('GET', '/v1/models', 'slow')
    assert.equal(first.status, 200)
    assert.equal(first.headers.get('ratelimit-policy'), '"requests";q=1;w=100')
    assert.equal(first.headers.get('ratelimit'), '"requests";r=0;t=100')
    const second = await ask('GET', '/v1/models', 'slow')
    assert.deepEqual([second.status, second.json.code], [429, 'rate_limited'])
    assert.match(second.headers.get('retry-after') ?? '', /^(100|9\d)$/)
    assert.ok(second.json.details.retry_after_ms > 90_000)
    assert.equal(await call('getIndex', { name: 'papers' }, 'slow'), 'rate_limited')
    assert.equal((await ask('GET', '/v1/models', 'root')).status, 200)
  })

  it('let a key score no more in a second than its limits say', async () => {
    const index = { name: 'counted', shards: 1 }
    assert.equal((await ask('POST', '/v1/indexes', 'root', index)).status, 201)
    const lines = [1, 2, 3].map(at => JSON.stringify({ id: `${at}`, text: 'stars' })).join('\n')
    const headers = { ...keys.headers.root, 'content-type': 'application/x-ndjson' }
    const put = `${coordinator.url}/v1/indexes/counted/documents?wait_for=searchable`
    assert.equal((await request(put, { method: 'PUT', headers, body: lines })).json.searchable, true)
    const search = () => ask('POST', '/v1/indexes/counted/search', 'thrifty', { query: 'stars' })
    assert.equal((await search()).status, 200)
    const refused = await search()
    assert.equal(refused.status, 429)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.match(refused.headers.get('ratelimit-policy') ?? '', /"scoring-gigaflops"/)
  })

  it('bound how often keys that are none are answered to one address, and serve those that are some', async () => {
    const guess = () =>
      request(`${coordinator.url}/v1/models`, {
        headers: { authorization: `Bearer hs_${'0'.repeat(12)}_${'1'.repeat(48)}` },
      })
    let answered = await guess()
    for (let tries = 0; tries < 1_000 && answered.status === 401; tries++) answered = await guess()
    assert.deepEqual([answered.status, answered.headers.get('retry-after')], [429, '1'])
    assert.equal((await ask('GET', '/v1/models', 'root')).status, 200)
    const told = captured.lines.filter(({ msg }) => msg === 'request without a valid key')
    assert.ok(told.length > 0 && told.length < 1_000)
  })

  it('tell a probe whether it is ready, and no name', async () => {
    for (const one of coordinator.servers) one.down = true
    await eventually(async () => (await ask('GET', '/readyz', 'root')).status === 503)
    assert.match((await ask('GET', '/readyz', 'root')).json.detail, /counted.*shard-\d/)
    // What others were told is good for a second.
    await eventually(async () => (await ask('GET', '/readyz', undefined)).status === 503)
    for (const key of [undefined, 'papers'] as const) {
      const probed = await ask('GET', '/readyz', key)
      assert.equal(probed.status, 503)
      assert.doesNotMatch(JSON.stringify(probed.json), /counted|papers|secrets|shard-\d/)
    }
    for (const one of coordinator.servers) one.down = false
    await eventually(async () => (await ask('GET', '/readyz', undefined)).status === 200)
  })

  it('are the same over gRPC', async () => {
    const search = { index: 'papers', query: 'stars' }
    assert.equal(await call('search', search, undefined), 'unauthenticated')
    assert.equal(await call('search', search, 'expired'), 'unauthenticated')
    assert.equal(await call('search', search, 'reader'), 'forbidden')
    assert.equal(await call('search', search, 'searcher'), 'ok')
    assert.equal(await call('search', { ...search, index: 'secrets' }, 'papers'), 'forbidden')
    assert.equal(await call('getIndex', { name: 'secrets' }, 'papers'), 'forbidden')
    assert.equal(await call('getIndex', { name: 'nothing' }, 'papers'), 'forbidden')
    assert.equal(await call('getIndex', { name: 'papers' }, 'papers'), 'ok')
    assert.equal(await call('deleteIndex', { name: 'papers' }, 'writer'), 'forbidden')
    assert.equal(await call('createIndex', { name: 'secrets-2', shards: 1 }, 'papers'), 'forbidden')
    assert.equal(await call('listIndexes', {}, 'writer'), 'forbidden')
  })

  it('list by pattern over gRPC too', async () => {
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.papers.authorization)
    const names = await new Promise((resolve, reject) => {
      client.listIndexes({}, metadata, { deadline: Deadline.after(60_000).toDate() }, (error, response) =>
        error ? reject(error) : resolve(response.indexes.map(({ name }) => name)),
      )
    })
    assert.deepEqual(names, ['papers'])
  })

  it('end a stream of documents that may not be written', async () => {
    const outcome = (key: Name, index: string) =>
      new Promise(resolve => {
        const metadata = new Metadata()
        metadata.set('authorization', keys.headers[key].authorization)
        const stream = client.putDocuments(metadata, { deadline: Deadline.after(60_000).toDate() }, error =>
          resolve(error === null ? status.OK : error.code),
        )
        stream.write(PutDocumentsRequest.fromPartial({ index }))
        stream.end()
      })
    assert.equal(await outcome('reader', 'papers'), status.PERMISSION_DENIED)
    assert.equal(await outcome('papers', 'secrets'), status.PERMISSION_DENIED)
    assert.equal(await outcome('writer', 'papers'), status.OK)
  })

  it('name keys in the log by id and name, and no secret', () => {
    const text = JSON.stringify(captured.lines)
    for (const key of Object.values(keys.texts)) assert.doesNotMatch(text, new RegExp(key))
  })
})

describe('a coordinator that asks for no keys', () => {
  it('lets anyone do anything', async () => {
    const coordinator = await startTestCoordinator({ indexer: false })
    try {
      assert.equal((await request(`${coordinator.url}/v1/cluster`)).status, 200)
    } finally {
      await coordinator.stop()
    }
  })
})

describe('a build that a key watches', () => {
  let keys: TestKeys<'root' | 'watcher'>
  let coordinator: TestCoordinator

  before(async () => {
    keys = await writeTestKeys({ root: {}, watcher: { scopes: ['read'] } })
    // Without an indexer a build goes on for ever.
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_KEYS: keys.path }, indexer: false })
  })

  after(async () => {
    await coordinator?.stop()
    await keys?.remove()
  })

  it('tells nothing more once the key is revoked', async () => {
    const send = (method: string, path: string, body: string, type = 'application/json') =>
      request(`${coordinator.url}/v1/indexes${path}`, {
        method,
        headers: { ...keys.headers.root, 'content-type': type },
        body,
      })
    assert.equal((await send('POST', '', '{"name":"papers","shards":1}')).status, 201)
    const put = await send('PUT', '/papers/documents', '{"id":"a","text":"stars"}', 'application/x-ndjson')
    assert.equal(put.json.accepted, 1)
    assert.equal((await send('POST', '/papers/reindex', '{}')).status, 201)
    const events = await fetch(`${coordinator.url}/v1/indexes/papers/generations/2/events`, {
      headers: keys.headers.watcher,
    })
    assert.equal(events.status, 200)
    await keys.keepOnly(['root'])
    assert.match(await events.text(), /^event: progress\n/)
  })
})
