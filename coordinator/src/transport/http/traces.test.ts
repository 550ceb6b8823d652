import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { captureLog } from '@hypershard/harness'
import { outlineOf, RecordingTracer, type SeenSpan, treesOf } from '@hypershard/harness/traces'
import { startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('a request over HTTP', () => {
  const captured = captureLog('warn')
  let tracer: RecordingTracer
  let coordinator: TestCoordinator

  before(async () => {
    tracer = new RecordingTracer()
    coordinator = await startTestCoordinator({
      tracer,
      log: captured.log,
      environment: { HYPERSHARD_HEALTH_INTERVAL_MS: '60000', HYPERSHARD_SEARCH_SLOW_MS: '1' },
    })
    await send('POST', '/v1/indexes', { name: 'papers', shards: 2, replicas: 2 })
    await put(
      'wait_for=searchable',
      Array.from({ length: 9 }, (_, at) => at).map(at => ({ id: `d${at}`, text: `stars ${at}` })),
    )
  })

  after(() => coordinator.stop())

  beforeEach(() => {
    tracer.ended.length = 0
    captured.lines.length = 0
    for (const server of coordinator.servers) Object.assign(server, { down: false, searchMs: 0 })
  })

  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const init = { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
    const response = await fetch(`${coordinator.url}${path}`, body === undefined ? { method, headers } : init)
    const answer = await response.text()
    return {
      status: response.status,
      id: response.headers.get('x-request-id'),
      json: answer === '' ? {} : JSON.parse(answer),
    }
  }

  const put = (query: string, documents: readonly object[], headers = {}) =>
    send('PUT', `/v1/indexes/papers/documents?${query}`, documents, headers)
  const search = (headers: Record<string, string> = {}, options: object = {}) =>
    send('POST', '/v1/indexes/papers/search', { query: 'stars', ...options }, headers)

  /** The spans recorded since the last test, once that of the request has ended, which may be after its answer. */
  async function spans(): Promise<SeenSpan[]> {
    while (!tracer.ended.some(({ kind }) => kind === 'server')) await new Promise(resolve => setImmediate(resolve))
    return tracer.ended
  }

  it('that searches is one tree of spans, which says what it came to', async () => {
    await search()
    const seen = await spans()
    assert.equal(treesOf(seen).length, 1)
    const outline = outlineOf(treesOf(seen))
    for (const name of ['search', 'encode', 'fan out', 'shard call', 'merge', 'fetch'])
      assert.match(outline, new RegExp(`^ *${name}$`, 'm'))
    const found = seen.find(({ name }) => name === 'search')!.attributes
    assert.deepEqual(
      [found['hypershard.index'], found['hypershard.coverage'], found['hypershard.hits']],
      ['papers', 1, 9],
    )
    await search()
    const encodings = (await spans())
      .filter(({ name }) => name === 'encode')
      .map(({ attributes }) => attributes['hypershard.cached'])
    assert.equal(encodings.at(-1), true)
  })

  it('whose server is gone has a failed call and a repeated one beside each other', async () => {
    const asked = coordinator.servers.find(server => server.searches.length > 0)!
    for (let round = 0; ; round++) {
      assert(round < 50, 'the server is asked no more')
      tracer.ended.length = 0
      asked.down = true
      const { status } = await search({}, { query: `stars ${round}` })
      assert.equal(status, 200)
      const calls = (await spans()).filter(({ name }) => name === 'shard call')
      const failed = calls.filter(call => call.failed)
      if (failed.length === 0) continue
      const again = calls.filter(({ attributes }) => attributes['hypershard.reason'] === 'retry')
      assert.deepEqual([failed.length, again.length, again[0]?.failed], [1, 1, false])
      assert.equal(again[0]!.parentId, failed[0]!.parentId)
      assert.equal(failed[0]!.attributes['hypershard.server'], asked.address)
      return
    }
  })

  it('that writes has its steps, and leaves its span with the log entry', async () => {
    await put('wait_for=durable', [{ id: 'd4', text: 'stars' }])
    const outline = outlineOf(treesOf(await spans()))
    assert.equal(outline, 'PUT /v1/indexes/:index/documents\n  write\n    append\n    check\n')
    const append = tracer.ended.find(({ name }) => name === 'append')!
    const entries = await coordinator.store.list('indexes/papers/log/')
    const newest = entries
      .filter(key => key.includes('/entries/'))
      .sort()
      .at(-1)!
    const { traceparent } = JSON.parse(Buffer.from((await coordinator.store.get(newest))!).toString())
    assert.equal(traceparent, `00-${append.traceId}-${append.spanId}-01`)
  })

  it('that is a probe is not traced', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json']) await send('GET', path)
    await search()
    assert.equal((await spans()).filter(({ kind }) => kind === 'server').length, 1)
  })

  it('keeps the id that it came with, in the answer, in problems and in the log', async () => {
    assert.equal((await search({ 'x-request-id': 'mine-1' })).id, 'mine-1')
    for (const path of ['/v1/indexes/none/search', '/nowhere', '/v1/indexes/papers/search?x=%zz']) {
      const { id, json, status } = await send('POST', path, { query: 'x' }, { 'x-request-id': 'mine-2' })
      assert.deepEqual([status >= 400, id, json.request_id], [true, 'mine-2', 'mine-2'], path)
    }
    for (const server of coordinator.servers) server.searchMs = 30
    await search({ 'x-request-id': 'mine-3' }, { query: 'anew' })
    const slow = captured.lines.find(({ msg, requestId }) => msg === 'slow search' && requestId === 'mine-3')!
    assert.equal(slow.traceId, tracer.ended.at(-1)!.traceId)
    const { shards, stages, coverage } = slow as { shards: unknown[]; stages: Record<string, number>; coverage: number }
    assert.deepEqual([shards.length, coverage, stages.fanOutMs! >= 25], [2, 1, true])
  })

  it('is given an id where it has none of use, in what is not even HTTP too', async () => {
    for (const given of [{}, { 'x-request-id': 'not a word' }] as Record<string, string>[]) {
      assert.match((await search(given)).id!, /^[0-9a-f-]{36}$/)
    }
    const socket = connect(Number(new URL(coordinator.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write('GARBAGE\r\n\r\n')
    const answer = await text(socket)
    const id = /^x-request-id: (\S{36})\r$/m.exec(answer)![1]
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]!).request_id, id)
  })
})
