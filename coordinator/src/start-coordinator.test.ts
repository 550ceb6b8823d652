import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError, readConfig } from '@hypershard/common'
import { eventually } from '@hypershard/harness'
import { coordinatorConfig, coordinatorPrefixes } from './config.ts'
import { post, put, request, startTestCoordinator, type TestCoordinator } from './testing/test-coordinator.ts'

const documents = Array.from({ length: 40 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))

describe('startCoordinator', () => {
  let storeDirectory: string
  let running: TestCoordinator[]

  beforeEach(async () => {
    storeDirectory = await mkdtemp(join(tmpdir(), 'hypershard-start-'))
    running = []
  })

  afterEach(async () => {
    for (const coordinator of running) await coordinator.stop()
    await rm(storeDirectory, { recursive: true, force: true })
  })

  async function start(environment: Record<string, string> = {}): Promise<TestCoordinator> {
    const coordinator = await startTestCoordinator({ storeDirectory, environment })
    running.push(coordinator)
    return coordinator
  }

  it('serves what an earlier one stored', async () => {
    const first = await start()
    await post(`${first.url}/v1/indexes`, { name: 'papers', shards: 4 })
    await put(`${first.url}/v1/indexes/papers/documents`, documents)
    await first.stop()
    const second = await start()
    await eventually(async () => (await request(`${second.url}/readyz`)).status === 200)
    const { json } = await post(`${second.url}/v1/indexes/papers/search`, { query: 'stars', k: 100 })
    assert.equal(json.hits.length, documents.length)
  })

  it('makes a shard server that comes back load all its shards of all indexes again', async () => {
    const coordinator = await start()
    for (const name of ['one', 'two']) {
      await post(`${coordinator.url}/v1/indexes`, { name, shards: 4 })
      await put(`${coordinator.url}/v1/indexes/${name}/documents`, documents)
    }
    const [server] = coordinator.servers
    server!.down = true
    await eventually(async () => (await request(`${coordinator.url}/readyz`)).status === 503)
    const notReady = await request(`${coordinator.url}/readyz`)
    assert.equal(notReady.json.code, 'unavailable')
    assert.deepEqual(notReady.json.details.missing[0].servers, [server!.address])

    // Down by its health: nobody asks it, and so waits for it.
    const asked = server!.searches.length
    const refused = await post(`${coordinator.url}/v1/indexes/one/search`, { query: 'stars' })
    assert.equal(refused.json.code, 'insufficient_coverage')
    assert.equal(server!.searches.length, asked)

    server!.prepared.length = 0
    server!.down = false
    await eventually(async () => (await request(`${coordinator.url}/readyz`)).status === 200)
    assert.equal(server!.prepared.length, 2)
    for (const name of ['one', 'two']) {
      const { status } = await post(`${coordinator.url}/v1/indexes/${name}/search`, { query: 'stars' })
      assert.equal(status, 200)
    }
  })

  it('makes a shard server load everything again that was started anew between two health checks', async () => {
    const coordinator = await start()
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 4 })
    await put(`${coordinator.url}/v1/indexes/papers/documents`, documents)
    const [server] = coordinator.servers
    const before = [...server!.prepared]
    server!.prepared.length = 0
    server!.life = 'second'
    await eventually(async () => server!.prepared.length > 0)
    assert.deepEqual(server!.prepared, before)
  })

  for (const file of ['index.json', 'generations/1/manifest/0000000001.json']) {
    it(`starts though ${file} of an index is damaged: says so, serves the others, and can delete it`, async () => {
      const first = await start()
      for (const name of ['bad', 'good']) {
        await post(`${first.url}/v1/indexes`, { name })
        await put(`${first.url}/v1/indexes/${name}/documents`, documents)
      }
      await first.stop()
      await writeFile(join(storeDirectory, 'indexes/bad', file), '{}')

      const { url } = await start()
      await eventually(async () => (await request(`${url}/readyz`)).status === 200)
      const { json: listed } = await request(`${url}/v1/indexes`)
      assert.deepEqual(
        listed.indexes.map(({ name }: { name: string }) => name),
        ['good'],
      )
      const [{ name, code, message }] = listed.failed
      assert.deepEqual([name, code], ['bad', 'corrupt_data'])
      assert.ok(message.includes(file), message)
      const refused = [
        await request(`${url}/v1/indexes/bad`),
        await post(`${url}/v1/indexes/bad/search`, { query: 'stars' }),
        await put(`${url}/v1/indexes/bad/documents`, documents),
      ]
      for (const { status, json } of refused) assert.deepEqual([status, json.code], [500, 'corrupt_data'])
      assert.equal((await post(`${url}/v1/indexes`, { name: 'bad' })).json.code, 'index_exists')
      assert.equal((await post(`${url}/v1/indexes/good/search`, { query: 'stars' })).status, 200)

      assert.equal((await request(`${url}/v1/indexes/bad`, { method: 'DELETE' })).status, 204)
      assert.deepEqual((await request(`${url}/v1/indexes`)).json.failed, [])
      assert.equal((await post(`${url}/v1/indexes`, { name: 'bad' })).status, 201)
    })
  }

  it('stays ready while documents are put', async () => {
    const coordinator = await start()
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 4 })
    await put(`${coordinator.url}/v1/indexes/papers/documents`, documents)
    const [server] = coordinator.servers
    const loading = Promise.withResolvers<void>()
    server!.beforePrepare = () => loading.promise
    const putting = put(`${coordinator.url}/v1/indexes/papers/documents`, documents)
    await eventually(async () => coordinator.servers.some(({ prepared }) => prepared.at(-1)?.version === 2))
    const { status, json } = await request(`${coordinator.url}/readyz`)
    assert.equal(status, 200, JSON.stringify(json))
    assert.equal((await request(`${coordinator.url}/v1/indexes/papers`)).json.manifest_version, 1)
    loading.resolve()
    assert.equal((await putting).json.manifest_version, 2)
  })

  it('counts a server that hangs as down after two late checks, and as live when it goes on', async () => {
    const coordinator = await start()
    const [server] = coordinator.servers
    const isLive = async () => (await request(`${coordinator.url}/v1/cluster`)).json.servers[0].live as boolean
    server!.hanging = true
    await eventually(async () => !(await isLive()))
    server!.hanging = false
    await eventually(isLive)
  })

  it('forgets a deleted index everywhere, and lets its name be used again', async () => {
    const coordinator = await start()
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })
    await put(`${coordinator.url}/v1/indexes/papers/documents`, documents)
    assert.equal((await request(`${coordinator.url}/v1/indexes/papers`, { method: 'DELETE' })).status, 204)
    // Whoever hears of the deletion once more releases it once more.
    for (const server of coordinator.servers) assert.equal(new Set(server.released).size, 1)
    assert.equal((await request(`${coordinator.url}/v1/indexes/papers`)).status, 404)
    assert.equal((await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })).json.documents, 0)
  })

  it('starts without an encoder service, says so, and still tells what it holds', async () => {
    const coordinator = await start()
    coordinator.encoder.failure = new HypershardError('unavailable', 'connection refused')
    const { status, json } = await request(`${coordinator.url}/readyz`)
    assert.deepEqual([status, json.code, json.details.encoder], [503, 'unavailable', 'connection refused'])
    assert.equal((await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })).status, 503)
    assert.equal((await request(`${coordinator.url}/v1/indexes`)).status, 200)
  })

  it('says which address is taken', async () => {
    const { url } = await start()
    const taken = start({ HYPERSHARD_HTTP_LISTEN: new URL(url).host })
    await assert.rejects(taken, (error: HypershardError) => error.code === 'address_in_use')
  })

  it('tells in the document which answers may come as a stream', async () => {
    const { url } = await start()
    const { paths } = (await request(`${url}/openapi.json`)).json
    const typesOf = (path: string, method: string) => Object.keys(paths[path][method].responses['200'].content)
    const documents = '/v1/indexes/{index}/documents'
    assert.deepEqual(typesOf(documents, 'put'), ['application/json', 'application/x-ndjson'])
    assert.deepEqual(typesOf(`${documents}/delete`, 'post'), ['application/json', 'application/x-ndjson'])
    assert.deepEqual(typesOf('/v1/indexes/{index}/generations/{generation}/events', 'get'), ['text/event-stream'])
    assert.deepEqual(typesOf('/v1/indexes', 'get'), ['application/json'])
  })

  it('serves an OpenAPI 3.1 document that has every route and the limits of a search', async () => {
    const { url } = await start()
    const { json } = await request(`${url}/openapi.json`)
    assert.equal(json.openapi, '3.1.0')
    const routes = Object.entries(json.paths as Record<string, object>).flatMap(([path, operations]) =>
      Object.keys(operations).map(method => `${method.toUpperCase()} ${path}`),
    )
    assert.deepEqual(routes.sort(), [
      'DELETE /v1/indexes/{index}',
      'DELETE /v1/indexes/{index}/generations/{generation}',
      'DELETE /v1/indexes/{index}/snapshots/{snapshot}',
      'GET /',
      'GET /healthz',
      'GET /readyz',
      'GET /v1/access',
      'GET /v1/aliases',
      'GET /v1/aliases/history',
      'GET /v1/cluster',
      'GET /v1/cluster/servers/{address}',
      'GET /v1/indexes',
      'GET /v1/indexes/{index}',
      'GET /v1/indexes/{index}/aside',
      'GET /v1/indexes/{index}/documents/{id}',
      'GET /v1/indexes/{index}/generations',
      'GET /v1/indexes/{index}/generations/{generation}',
      'GET /v1/indexes/{index}/generations/{generation}/events',
      'GET /v1/indexes/{index}/generations/{generation}/segments',
      'GET /v1/indexes/{index}/snapshots',
      'GET /v1/models',
      'PATCH /v1/indexes/{index}/generations/{generation}',
      'POST /v1/aliases',
      'POST /v1/cluster/servers/{address}/drain',
      'POST /v1/cluster/servers/{address}/undrain',
      'POST /v1/indexes',
      'POST /v1/indexes/{index}/clone',
      'POST /v1/indexes/{index}/collect',
      'POST /v1/indexes/{index}/documents/count',
      'POST /v1/indexes/{index}/documents/delete',
      'POST /v1/indexes/{index}/documents/delete-by-filter',
      'POST /v1/indexes/{index}/documents/list',
      'POST /v1/indexes/{index}/documents/{id}/explain',
      'POST /v1/indexes/{index}/generations/{generation}/cancel',
      'POST /v1/indexes/{index}/generations/{generation}/compare',
      'POST /v1/indexes/{index}/generations/{generation}/promote',
      'POST /v1/indexes/{index}/reindex',
      'POST /v1/indexes/{index}/rollback',
      'POST /v1/indexes/{index}/search',
      'POST /v1/indexes/{index}/search/batch',
      'POST /v1/indexes/{index}/snapshots',
      'POST /v1/indexes/{index}/snapshots/{snapshot}/restore',
      'POST /v1/indexes/{index}/verify',
      'PUT /v1/indexes/{index}/documents',
      'PUT /v1/indexes/{index}/generations/{generation}/sample-qnets',
    ])
    const body = json.paths['/v1/indexes/{index}/search'].post.requestBody.content['application/json'].schema
    // A query, a vector, a q-net or a document: the description says so, a schema of keys cannot.
    assert.equal(body.required, undefined)
    assert.match(body.properties.query.description, /`vector`, a `qnet` or `like` instead/)
    assert.equal(body.additionalProperties, false)
    const [text] = body.properties.query.anyOf
    assert.deepEqual([body.properties.k.maximum, text.maxLength], [1_000, 16_384])
    assert.equal((await request(`${url}/docs`)).type, 'text/html; charset=utf-8')
  })
})

describe('the settings of the coordinator', () => {
  const required = {
    HYPERSHARD_ENCODER: 'encoder:7720',
    HYPERSHARD_SHARD_SERVERS: 'a:1, b:2=2.5,[::1]:3',
    HYPERSHARD_STORE: '/data',
  }

  it('have defaults for all but the peers and the store', () => {
    const config = readConfig(coordinatorConfig, required, coordinatorPrefixes)
    assert.equal(config.HYPERSHARD_HTTP_LISTEN, '127.0.0.1:7700')
    assert.deepEqual(config.HYPERSHARD_SHARD_SERVERS, {
      by: 'list',
      servers: [
        { address: 'a:1', weight: 1, zone: '' },
        { address: 'b:2', weight: 2.5, zone: '' },
        { address: '[::1]:3', weight: 1, zone: '' },
      ],
    })
  })

  const bad = [
    { environment: {}, says: /HYPERSHARD_ENCODER.*HYPERSHARD_SHARD_SERVERS.*HYPERSHARD_STORE/ },
    { environment: { ...required, HYPERSHARD_SHARD_SERVERS: 'a:1,a:1' }, says: /names a server twice/ },
    { environment: { ...required, HYPERSHARD_SHARD_SERVERS: 'a' }, says: /host:port/ },
    { environment: { ...required, HYPERSHARD_SHARD_SERVERS: 'a:1=0' }, says: /more than 0/ },
    { environment: { ...required, HYPERSHARD_SEARCH_INFLIGHT: '1' }, says: /no such setting/ },
    ...['https://a.example/', 'a.example', 'HTTPS://a.example', 'https://a.example:443', 'https://a.example,null'].map(
      origins => ({
        environment: { ...required, HYPERSHARD_HTTP_CORS_ORIGINS: origins },
        says: /HYPERSHARD_HTTP_CORS_ORIGINS: must be \* or origins/,
      }),
    ),
    { environment: { ...required, HYPERSHARD_PUT_TIMEOUT_MS: '1h' }, says: /whole number/ },
  ]
  for (const { environment, says } of bad) {
    it(`are refused with ${says}`, () => {
      assert.throws(
        () => readConfig(coordinatorConfig, environment, coordinatorPrefixes),
        (error: HypershardError) => error instanceof HypershardError && says.test(error.message),
      )
    })
  }
})
