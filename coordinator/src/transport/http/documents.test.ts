import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { eventually } from '../../testing/eventually.ts'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('putting documents over HTTP', () => {
  let coordinator: TestCoordinator
  let documents: string
  let search: string

  beforeEach(async () => {
    coordinator = await startTestCoordinator({
      environment: { HYPERSHARD_PUT_IN_FLIGHT_MAX: '1', HYPERSHARD_PUT_WAITING_MAX: '0' },
    })
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 3 })
    documents = `${coordinator.url}/v1/indexes/papers/documents`
    search = `${coordinator.url}/v1/indexes/papers/search`
  })

  afterEach(() => coordinator.stop())

  async function idsFound(): Promise<string[]> {
    const answer = await post(search, { query: 'stars', k: 1_000 })
    assert.equal(answer.status, 200, JSON.stringify(answer.json))
    return answer.json.hits.map((hit: { id: string }) => hit.id).sort()
  }

  it('reports each bad line by its number, and none harms another', async () => {
    const lines = [
      '{"id":"a","text":"one"}',
      '',
      'nope',
      '{"_id":"b","text":"two","year":1969}\r',
      '{"text":"x"}',
      '{"id":"c","text":"three"}',
    ]
    const { status, json } = await put(documents, lines.join('\n'))
    assert.equal(status, 200)
    const { received, indexed, superseded, failed, truncated, manifest_version } = json
    assert.deepEqual(
      { received, indexed, superseded, failed, truncated, manifest_version },
      {
        ...{ received: 5, indexed: 3, superseded: 0, failed: 2, truncated: 0, manifest_version: 1 },
      },
    )
    assert.deepEqual(
      json.errors.map(({ line, id, code }: { line: number; id: string; code: string }) => ({ line, id, code })),
      [3, 5].map(line => ({ line, id: null, code: 'invalid_request' })),
    )
    assert.deepEqual(await idsFound(), ['a', 'b', 'c'])
  })

  it('lets the last of several lines with one id win, and says so', async () => {
    const { json } = await put(documents, [
      { id: 'a', text: 'first' },
      { id: 'b', text: 'other' },
      { id: 'a', text: 'second' },
      { id: 'a', text: 'third' },
    ])
    assert.deepEqual([json.received, json.indexed, json.superseded], [4, 2, 2])
    const { json: found } = await post(search, { query: 'third', k: 1 })
    assert.deepEqual([found.hits[0].id, found.hits[0].text], ['a', 'third'])
  })

  it('replaces a document that is put again, and counts it once', async () => {
    await put(documents, [
      { id: 'a', text: 'old', year: 1 },
      { id: 'b', text: 'stays' },
    ])
    const { json } = await put(documents, [{ id: 'a', text: 'new', year: 2 }])
    assert.equal(json.manifest_version, 2)
    const { json: found } = await post(search, { query: 'new' })
    assert.equal(found.coverage.documents_eligible, 2)
    const again = found.hits.find((hit: { id: string }) => hit.id === 'a')
    assert.deepEqual([again.text, again.fields], ['new', { year: 2 }])
  })

  it('takes a body without a good line, and commits nothing', async () => {
    for (const body of ['', '\n\n', 'nope']) {
      const { status, json } = await put(documents, body)
      assert.deepEqual([status, json.indexed, json.manifest_version], [200, 0, 0])
    }
  })

  it('lists at most 1,000 errors but counts them all', async () => {
    const { json } = await put(documents, 'nope\n'.repeat(1_500))
    assert.deepEqual([json.failed, json.errors.length], [1_500, 1_000])
  })

  it('reports a line over 1 MiB and goes on', async () => {
    const { json } = await put(documents, [
      { id: 'big', text: 'x'.repeat(1024 * 1024) },
      { id: 'a', text: 'small' },
    ])
    assert.deepEqual([json.failed, json.errors[0].code, json.indexed], [1, 'request_too_large', 1])
  })

  it('answers with progress lines and the result when asked to', async () => {
    coordinator.encoder.beforeBatch = () => new Promise(resolve => setTimeout(resolve, 1_200))
    const answer = await put(`${documents}?progress=true`, [{ id: 'a', text: 'one' }])
    assert.equal(answer.type, 'application/x-ndjson')
    const lines = String(answer.json)
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(lines[0], { progress: { received: 1, encoded: 0, total: 1 } })
    assert.equal(lines.at(-1).result.indexed, 1)
  })

  it('ends a progress answer with the problem when the put fails', async () => {
    coordinator.encoder.failure = new HypershardError('invalid_model', 'the model is broken')
    const { json } = await put(`${documents}?progress=true`, [{ id: 'a', text: 'one' }])
    assert.deepEqual([json.problem.code, json.problem.status], ['invalid_model', 500])
  })

  it('leaves nothing behind when encoding fails half way', async () => {
    await put(documents, [{ id: 'a', text: 'stays' }])
    let batches = 0
    coordinator.encoder.beforeBatch = async () => {
      if (++batches === 3) throw new HypershardError('internal', 'told to fail')
    }
    const many = Array.from({ length: 300 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))
    assert.equal((await put(documents, many)).status, 500)
    assert.deepEqual(await idsFound(), ['a'])
    assert.deepEqual(await readdir(join(coordinator.storeDirectory, '.staging')), [])
  })

  it('shows all documents of a put together, never some', async () => {
    const many = Array.from({ length: 500 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))
    coordinator.encoder.beforeBatch = () => new Promise(resolve => setTimeout(resolve, 5))
    let done = false
    const putting = put(documents, many).then(answer => {
      done = true
      return answer
    })
    const counts = new Set<number>()
    while (!done) counts.add((await idsFound()).length)
    assert.equal((await putting).json.indexed, 500)
    assert.equal((await idsFound()).length, 500)
    assert.deepEqual(
      [...counts].filter(count => count !== 0 && count !== 500),
      [],
    )
  })

  it('does not put documents into an index that took the name of a deleted one meanwhile', async () => {
    const index = `${coordinator.url}/v1/indexes/papers`
    coordinator.encoder.beforeBatch = async () => {
      coordinator.encoder.beforeBatch = async () => undefined
      assert.equal((await request(index, { method: 'DELETE' })).status, 204)
      assert.equal((await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })).status, 201)
    }
    const { status, json } = await put(documents, [{ id: 'a', text: 'stars' }])
    assert.deepEqual([status, json.code], [404, 'index_not_found'])
    assert.deepEqual(await idsFound(), [])
  })

  it('refuses a put beyond those that may wait, with Retry-After', async () => {
    const release = Promise.withResolvers<void>()
    const encoding = Promise.withResolvers<void>()
    coordinator.encoder.beforeBatch = () => {
      encoding.resolve()
      return release.promise
    }
    const running = put(documents, [{ id: 'a', text: 'one' }])
    await encoding.promise
    const refused = await put(documents, [{ id: 'b', text: 'two' }])
    assert.deepEqual([refused.status, refused.json.code, refused.headers.get('retry-after')], [429, 'overloaded', '1'])
    release.resolve()
    assert.equal((await running).json.indexed, 1)
  })

  it('stops, and stores nothing, when the client goes away in the middle of the body', async () => {
    const cut = httpRequest(documents, { method: 'PUT', headers: { 'content-type': 'application/x-ndjson' } })
    cut.on('error', () => undefined)
    cut.write('{"id":"a","text":"one"}\n')
    await new Promise(resolve => setTimeout(resolve, 50))
    cut.destroy()
    // The place of the only put that may run is free again.
    for (let attempt = 0; ; attempt++) {
      const next = await put(documents, [{ id: 'b', text: 'two' }])
      if (next.status === 200) break
      assert.ok(attempt < 50, 'the put that was cut off still runs')
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    assert.deepEqual(await idsFound(), ['b'])
  })

  it('keeps a put though a shard server is down, tells the truth meanwhile, and is complete when it is back', async () => {
    const [first] = coordinator.servers
    first!.down = true
    await eventually(async () => (await request(`${coordinator.url}/v1/cluster`)).json.servers[0].live === false)
    const many = Array.from({ length: 50 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))
    assert.equal((await put(documents, many)).status, 200)
    const refused = await post(search, { query: 'stars' })
    assert.deepEqual([refused.status, refused.json.code], [503, 'insufficient_coverage'])
    assert.equal(refused.json.details.coverage.missing[0].server, first!.address)
    first!.down = false
    await eventually(async () => (await request(`${coordinator.url}/readyz`)).status === 200)
    assert.equal((await idsFound()).length, 50)
  })
})
