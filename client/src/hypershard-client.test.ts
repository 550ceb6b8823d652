import assert from 'node:assert/strict'
import type { ClientOptions } from './client-options.ts'
import { InvalidCall, NotReachable, ServerProblem } from './errors.ts'
import { HypershardClient } from './hypershard-client.ts'
import { collect } from './testing/collect.ts'
import { PausedTime, type ScriptedAnswer, ScriptedServer } from './testing/scripted-transport.ts'

function problem(status: number, code: string, more: ScriptedAnswer = {}): ScriptedAnswer {
  return { status, json: { status, code, detail: `it is ${code}`, retryable: status !== 400, details: {} }, ...more }
}

const broken = new Error('ECONNRESET')
const written = { received: 2, accepted: 2, failed: 0, sequence: 1, searchable: false, errors: [] }
const result = (answer = {}) => ({ chunks: [JSON.stringify({ result: { ...written, ...answer } })] })

describe('the client', () => {
  let time: PausedTime
  let server: ScriptedServer

  function clientFor(answers: readonly (ScriptedAnswer | Error)[], options: Partial<ClientOptions> = {}) {
    server = new ScriptedServer(answers)
    time = new PausedTime()
    const { transport } = server
    return new HypershardClient({ url: 'http://cluster/prefix', transport, surroundings: time, ...options })
  }

  it('sends the key, and asks below the path of its URL', async () => {
    await clientFor([{ json: { indexes: [] } }], { key: 'hs_1_2' }).listIndexes()
    const [{ path, headers } = assert.fail()] = server.received
    assert.equal(path, '/prefix/v1/indexes')
    assert.equal(headers.authorization, 'Bearer hs_1_2')
  })

  it('escapes what stands in a path', async () => {
    await clientFor([{}]).getDocument('a', 'x/../?y=%')
    assert.equal(server.received[0]!.path, '/prefix/v1/indexes/a/documents/x%2F..%2F%3Fy%3D%25')
  })

  it('refuses a URL that is none', () => {
    assert.throws(() => new HypershardClient({ url: 'cluster:7700' }), InvalidCall)
  })

  it('makes a search again that failed in a way that may pass, after growing pauses', async () => {
    const client = clientFor([broken, problem(503, 'unavailable'), { json: { hits: [] } }])
    await client.search('a', { query: 'q' })
    assert.deepEqual(time.pauses, [100, 200])
    assert.deepEqual(new Set(server.received.map(({ body }) => body)), new Set(['{"query":"q"}']))
  })

  it('turns the pages of a listing until there are no more, an empty one too', async () => {
    const page = (next_cursor: string | null, ...ids: string[]) => ({
      json: { documents: ids.map(id => ({ id })), next_cursor },
    })
    const client = clientFor([page('b', 'one', 'two'), broken, page('c'), page(null, 'three')])
    const ids = (await collect(client.documents('a', { limit: 2 }))).map(({ id }) => id)
    assert.deepEqual(ids, ['one', 'two', 'three'])
    const cursors = server.received.map(({ body }) => JSON.parse(String(body)).cursor)
    assert.deepEqual(cursors, [undefined, 'b', 'b', 'c'])
  })

  it('gives up with the last failure once the attempts are used up', async () => {
    const client = clientFor([broken, broken, problem(503, 'unavailable')], { attemptsMax: 3 })
    await assert.rejects(client.listModels(), ServerProblem)
    assert.equal(server.received.length, 3)
  })

  it('waits as long as an overloaded server asks, for what may be done once only too', async () => {
    const busy = problem(429, 'overloaded', { headers: { 'retry-after': '2' } })
    await clientFor([busy, { json: { name: 'a' } }]).createIndex({ name: 'a' })
    assert.deepEqual(time.pauses, [2_100])
  })

  it('does not make a call again that may have been carried out', async () => {
    const client = clientFor([broken, {}])
    await assert.rejects(client.createIndex({ name: 'a' }), NotReachable)
    assert.equal(server.received.length, 1)
  })

  it('does not wait for longer than the call may take', async () => {
    const busy = problem(429, 'rate_limited', { headers: { 'retry-after': '60' } })
    await assert.rejects(clientFor([busy, {}]).search('a', { query: 'q', timeout_ms: 500 }), ServerProblem)
    assert.deepEqual(time.pauses, [])
  })

  it('ends with the reason that its caller gives', async () => {
    const reason = new Error('changed my mind')
    const signal = AbortSignal.abort(reason)
    await assert.rejects(clientFor([broken, {}]).listModels({ signal }), reason)
  })

  it('says that the time was over when the answer hangs', async () => {
    const transport = ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const client = new HypershardClient({ url: 'http://cluster', transport, timeoutMs: 1 })
    await assert.rejects(client.listModels(), { code: 'deadline_exceeded', message: /longer timeoutMs/ })
  })

  it('takes an answer that is not of hypershard for none', async () => {
    const client = clientFor([{ status: 502, chunks: ['<html>'] }], { attemptsMax: 1 })
    await assert.rejects(client.listModels(), /answers, but not as hypershard does \(status 502\)/)
  })

  it('reads numbers as its caller wants them', async () => {
    const client = clientFor([{ chunks: ['{"fields":{"n":9007199254740993}}'] }], { parse: text => text })
    assert.equal(await client.getDocument('a', 'b'), '{"fields":{"n":9007199254740993}}')
  })

  it('gives hits over all pages, and asks for a page only when it is wanted', async () => {
    const page = (ids: string[], next: string | null) => ({
      json: { hits: ids.map(id => ({ id })), next_cursor: next },
    })
    const client = clientFor([page(['a', 'b'], 'c1'), page(['c'], null)])
    const hits = client.hits('a', { query: 'q', k: 2 })
    for (const id of ['a', 'b']) assert.equal((await hits.next()).value.id, id)
    assert.equal(server.received.length, 1)
    assert.equal((await hits.next()).value.id, 'c')
    assert.equal((await hits.next()).done, true)
    assert.deepEqual(JSON.parse(server.received[1]!.body), { query: 'q', k: 2, cursor: 'c1' })
  })

  it('deletes under one key however often it must ask', async () => {
    await clientFor([broken, { json: written }]).deleteDocuments('a', ['x'], { waitFor: 'searchable' })
    const [first, second] = server.received.map(({ headers }) => headers['idempotency-key'])
    assert.match(first!, /^[0-9a-f]{32}$/)
    assert.equal(second, first)
    assert.equal(server.received[0]!.path, '/prefix/v1/indexes/a/documents/delete?wait_for=searchable')
  })

  describe('putting batches', () => {
    const documents = ['a', 'b', 'c'].map(id => ({ id, text: id }))

    it('sends a batch that broke again under its key, and the next under another', async () => {
      const client = clientFor([broken, { chunks: ['{"progress":{"received":1}}\n', broken] }, result(), result()])
      const options = { batchDocumentsMax: 2, idempotencyKey: 'load', waitFor: 'searchable' as const }
      const sum = await client.putAll('a', documents, options)
      assert.equal(sum.accepted, 4)
      assert.deepEqual(
        server.received.map(({ headers }) => headers['idempotency-key']),
        ['load-1', 'load-1', 'load-1', 'load-2'],
      )
      const waits = server.received.map(({ path }) => path.split('wait_for=')[1])
      assert.deepEqual(waits, ['durable', 'durable', 'durable', 'searchable'])
      assert.equal(server.received[0]!.body, '{"id":"a","text":"a"}\n{"id":"b","text":"b"}\n')
    })

    it('names a bad document by its place in the whole', async () => {
      const bad = { failed: 1, accepted: 0, errors: [{ line: 1, id: 'c', code: 'invalid_request', message: 'no' }] }
      const { errors, failed } = await clientFor([result(), result(bad)]).putAll('a', documents, {
        batchDocumentsMax: 2,
      })
      assert.equal(failed, 1)
      assert.equal(errors[0]!.line, 3)
    })

    it('stops at what reading the documents threw, after what was written', async () => {
      async function* source() {
        yield* documents
        throw new Error('the disk broke')
      }
      const batches = clientFor([result(), result()]).putBatches('a', source(), { batchDocumentsMax: 2 })
      assert.equal((await batches.next()).value.documents, 2)
      await assert.rejects(batches.next(), /the disk broke/)
      assert.equal(server.received.length, 1)
    })
  })

  describe('watching a generation', () => {
    const state = (caughtUp: boolean) => ({ phase: 'building', progress: { caught_up: caughtUp } })
    const event = (caughtUp: boolean) => `event: progress\ndata: ${JSON.stringify(state(caughtUp))}\n\n`

    it('goes on after a stream that breaks, and ends with the build', async () => {
      const client = clientFor([
        { chunks: [event(false), broken] },
        { chunks: [event(false).slice(0, 9), event(false).slice(9), event(true), event(true)] },
      ])
      const seen = await collect(client.watchGeneration('a', 2))
      assert.deepEqual(seen, [state(false), state(false), state(true)])
    })

    it('does not ask for ever where no event comes', async () => {
      const none = { chunks: [] }
      await assert.rejects(collect(clientFor([none, none]).watchGeneration('a', 2)), /before the first one/)
    })
  })
})
