import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { HypershardError } from '@hypershard/common'
import { eventually } from '@hypershard/harness'
import {
  type Answer,
  post,
  put,
  request,
  startTestCoordinator,
  startTestIndexer,
  type TestCoordinator,
} from '../../testing/test-coordinator.ts'

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
    const { received, accepted, failed, sequence, searchable, manifest_version } = json
    assert.deepEqual(
      { received, accepted, failed, sequence, searchable, manifest_version },
      { received: 5, accepted: 3, failed: 2, sequence: 1, searchable: true, manifest_version: 1 },
    )
    assert.deepEqual(
      json.errors.map(({ line, id, code }: { line: number; id: string; code: string }) => ({ line, id, code })),
      [3, 5].map(line => ({ line, id: null, code: 'invalid_request' })),
    )
    assert.deepEqual(await idsFound(), ['a', 'b', 'c'])
  })

  it('lets the last of several lines with one id win', async () => {
    const { json } = await put(documents, [
      { id: 'a', text: 'first' },
      { id: 'b', text: 'other' },
      { id: 'a', text: 'second' },
      { id: 'a', text: 'third' },
    ])
    assert.deepEqual([json.received, json.accepted], [4, 4])
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

  it('takes a body without a good line, and writes nothing', async () => {
    for (const body of ['', '\n\n', '{"text":"no id"}']) {
      const { status, json } = await put(documents, body)
      assert.deepEqual([status, json.accepted, json.sequence], [200, 0, null])
    }
  })

  it('lists at most 1,000 errors but counts them all', async () => {
    const { json } = await put(documents, `{}\n${'nope\n'.repeat(1_500)}`)
    assert.deepEqual([json.failed, json.errors.length], [1_501, 1_000])
  })

  it('reports a line over 1 MiB and goes on', async () => {
    const { json } = await put(documents, [
      { id: 'big', text: 'x'.repeat(1024 * 1024) },
      { id: 'a', text: 'small' },
    ])
    assert.deepEqual([json.failed, json.errors[0].code, json.accepted], [1, 'request_too_large', 1])
  })

  it('answers with progress lines and the result when asked to', async () => {
    const encoding = Promise.withResolvers<void>()
    coordinator.encoder.beforeBatch = () => encoding.promise
    const response = await fetch(`${documents}?progress=true&wait_for=searchable`, {
      method: 'PUT',
      headers: { 'content-type': 'application/x-ndjson' },
      body: '{"id":"a","text":"one"}',
    })
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson')
    const progress: unknown[] = []
    let result: { accepted: number; searchable: boolean } | undefined
    for await (const line of createInterface({ input: Readable.fromWeb(response.body as ReadableStream) })) {
      const told = JSON.parse(line)
      if (told.progress === undefined) result = told.result
      else progress.push(told.progress)
      if (told.progress?.waiting === 1) encoding.resolve()
    }
    assert.deepEqual(
      progress.find(told => (told as { waiting: number }).waiting === 1),
      { received: 1, sequence: 1, waiting: 1 },
    )
    assert.deepEqual([result!.accepted, result!.searchable], [1, true])
  })

  it('keeps the documents when they cannot be indexed, says why, and indexes them once they can', async () => {
    coordinator.encoder.failure = new HypershardError('invalid_model', 'the model is broken')
    const { status, json } = await put(documents, [{ id: 'a', text: 'stars' }])
    assert.deepEqual([status, json.accepted, json.searchable], [200, 1, false])
    assert.deepEqual(json.problem, { code: 'invalid_model', message: 'the model is broken' })
    assert.equal((await request(`${documents}/a`)).json.text, 'stars')
    coordinator.encoder.failure = undefined
    await eventually(async () => (await idsFound()).length === 1)
  })

  it('sets a document aside that cannot be encoded, counts it, and searches the others', async () => {
    const { encodeDocuments } = coordinator.encoder
    coordinator.encoder.encodeDocuments = async (batch, context) => {
      if (batch.documents.some(({ text }) => text === 'poison')) throw new HypershardError('internal', 'told to fail')
      return encodeDocuments.call(coordinator.encoder, batch, context)
    }
    const many = Array.from({ length: 70 }, (_, at) => ({ id: `d${at}`, text: at === 33 ? 'poison' : `stars ${at}` }))
    const { json } = await put(documents, many)
    assert.deepEqual([json.searchable, json.problem], [true, null])
    assert.equal((await idsFound()).length, 69)
    const index = `${coordinator.url}/v1/indexes/papers`
    assert.equal((await request(index)).json.documents_aside, 1)
    assert.equal((await request(`${documents}/d33`)).json.text, 'poison')
    const { json: aside } = await request(`${index}/aside`)
    assert.deepEqual([aside.documents[0].id, aside.documents[0].message], ['d33', 'told to fail'])
    await put(documents, [{ id: 'd33', text: 'stars after all' }])
    assert.deepEqual([(await request(index)).json.documents_aside, (await idsFound()).length], [0, 70])
  })

  it('deletes documents by id, in a body or among the lines of a put', async () => {
    await put(
      documents,
      [...'abcd'].map(id => ({ id, text: 'stars' })),
    )
    const { json } = await post(`${documents}/delete?wait_for=searchable`, { ids: ['a', 'none'] })
    assert.deepEqual([json.accepted, json.searchable], [2, true])
    assert.deepEqual(await idsFound(), ['b', 'c', 'd'])
    await put(documents, [
      { id: 'e', text: 'stars' },
      { id: 'b', _op: 'delete' },
      { id: 'e', _op: 'delete' },
    ])
    assert.deepEqual(await idsFound(), ['c', 'd'])
    const gone = await request(`${documents}/a`)
    assert.deepEqual([gone.status, gone.json.code], [404, 'document_not_found'])
  })

  it('gives a document as the newest write left it, before searches see it', async () => {
    await put(documents, [{ id: 'a b/c', text: 'one', year: 1 }])
    coordinator.encoder.failure = new HypershardError('unavailable', 'told to fail')
    await put(`${documents}?wait_for=durable`, [{ id: 'a b/c', title: 'T', text: 'two', year: 2 }])
    const { json } = await request(`${documents}/${encodeURIComponent('a b/c')}`)
    const content = { id: 'a b/c', title: 'T', text: 'two', fields: { year: 2 } }
    assert.deepEqual(json, { ...content, version: 2, tokens: null, truncated: null, unknown_tokens: null })
  })

  it('writes the same documents with the same idempotency key once, and refuses others with it', async () => {
    await coordinator.stop()
    coordinator = await startTestCoordinator()
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })
    documents = `${coordinator.url}/v1/indexes/papers/documents`
    const key = { 'idempotency-key': 'load-1' }
    const attempts = await Promise.all([1, 2, 3, 4].map(() => put(documents, [{ id: 'a', text: 'stars' }], key)))
    assert.deepEqual(
      attempts.map(({ json }) => json.sequence),
      [1, 1, 1, 1],
    )
    assert.equal(attempts.filter(({ json }) => json.repeated).length, 3)
    const other = await put(documents, [{ id: 'b', text: 'stars' }], key)
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency_mismatch'])
    const bad = await put(documents, [{ id: 'b', text: 'stars' }], { 'idempotency-key': 'ä'.repeat(3) })
    assert.equal(bad.status, 400)
    assert.equal((await put(documents, [{ id: 'b', text: 'stars' }])).json.sequence, 2)
  })

  it('applies a conditional line only to the version it names', async () => {
    await put(documents, [{ id: 'a', text: 'stars one' }])
    const { json } = await put(documents, [
      { id: 'a', text: 'stars two', _if_version: 1 },
      { id: 'a', text: 'stars three', _if_version: 1 },
      { id: 'b', text: 'stars', _if_version: 0 },
      { id: 'c', text: 'stars', _if_version: 7 },
    ])
    assert.deepEqual([json.accepted, json.failed], [2, 2])
    assert.deepEqual(
      json.errors.map(({ line, id, code }: { line: number; id: string; code: string }) => [line, id, code]),
      [
        [2, 'a', 'version_mismatch'],
        [4, 'c', 'version_mismatch'],
      ],
    )
    const { json: a } = await request(`${documents}/a`)
    assert.deepEqual([a.text, a.version], ['stars two', 2])
  })

  it('lets one of many conditional writers win, each time', async () => {
    await put(documents, [{ id: 'counter', text: 'stars', n: 0 }])
    // Each adds one to what it read, and tries again when it came too late.
    const increment = async () => {
      for (;;) {
        const { json: read } = await request(`${documents}/counter`)
        const next = { id: 'counter', text: 'stars', n: read.fields.n + 1, _if_version: read.version }
        const { status, json } = await put(`${documents}?wait_for=durable`, [next])
        if (status === 200 && json.accepted === 1) return
      }
    }
    await Promise.all(Array.from({ length: 6 }, increment))
    assert.equal((await request(`${documents}/counter`)).json.fields.n, 6)
  })

  it('lets a search wait for a write', async () => {
    const encoding = Promise.withResolvers<void>()
    coordinator.encoder.beforeBatch = () => encoding.promise
    const { json: written } = await put(`${documents}?wait_for=durable`, [{ id: 'a', text: 'stars' }])
    assert.equal(written.searchable, false)
    const searching = post(search, { query: 'stars', min_sequence: written.sequence })
    encoding.resolve()
    const { json } = await searching
    assert.deepEqual([json.hits.length, json.hits[0].id], [1, 'a'])
    const late = await post(search, { query: 'stars', min_sequence: 99, timeout_ms: 100 })
    assert.deepEqual([late.status, late.json.code], [504, 'deadline_exceeded'])
  })

  it('refuses writes while too many documents wait to be indexed, and goes on answering searches', async () => {
    await coordinator.stop()
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_PUT_LAG_MAX: '10' }, indexer: false })
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })
    const url = `${coordinator.url}/v1/indexes/papers`
    const many = Array.from({ length: 20 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))
    const durable = `${url}/documents?wait_for=durable`
    assert.equal((await put(durable, many)).status, 200)
    const refused = await put(durable, many)
    assert.deepEqual([refused.status, refused.json.code, refused.json.details.waiting], [429, 'overloaded', 20])
    assert.equal((await post(`${url}/search`, { query: 'stars' })).status, 200)
    const indexer = await startTestIndexer(coordinator.storeDirectory, coordinator.encoder)
    try {
      await eventually(async () => (await put(durable, many)).status === 200)
    } finally {
      await indexer.stop()
    }
  })

  it('refuses writes once the disk is nearly full', async () => {
    await coordinator.stop()
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_PUT_FREE_PERCENT_MIN: '99' } })
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })
    const refused = await put(`${coordinator.url}/v1/indexes/papers/documents`, [{ id: 'a', text: 'stars' }])
    assert.deepEqual([refused.status, refused.json.code], [507, 'storage_full'])
  })

  it('shows the documents of a small put together, and those of a large one as they are indexed', async () => {
    for (const [count, isWhole] of [
      [100, (found: number) => found === 0 || found === 100],
      [900, (found: number) => found >= 100 && found <= 1_000],
    ] as const) {
      const counts = await countsDuring(count)
      assert.ok(counts.every(isWhole), counts.join())
      // Nothing that was shown goes away.
      assert.deepEqual(
        counts,
        counts.toSorted((a, b) => a - b),
      )
    }
  })

  /** Puts so many more documents. @returns how many searches found meanwhile, and then */
  async function countsDuring(added: number): Promise<number[]> {
    const before = (await idsFound()).length
    const many = Array.from({ length: added }, (_, at) => ({ id: `d${before + at}`, text: `stars ${at}` }))
    coordinator.encoder.beforeBatch = () => new Promise(resolve => setTimeout(resolve, 5))
    let done = false
    const putting = put(documents, many).then(answer => {
      done = true
      return answer
    })
    const counts: number[] = []
    while (!done) counts.push((await idsFound()).length)
    assert.equal((await putting).json.accepted, added)
    assert.equal((await idsFound()).length, before + added)
    return counts
  }

  it('does not put documents into an index that took the name of a deleted one meanwhile', async () => {
    const index = `${coordinator.url}/v1/indexes/papers`
    coordinator.encoder.beforeBatch = async () => {
      coordinator.encoder.beforeBatch = async () => undefined
      assert.equal((await request(index, { method: 'DELETE' })).status, 204)
      assert.equal((await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })).status, 201)
    }
    const { status, json } = await put(documents, [{ id: 'a', text: 'stars' }])
    assert.deepEqual([status, json.code], [404, 'index_not_found'])
    await eventually(async () => (await request(`${coordinator.url}/v1/indexes/papers`)).status === 200)
    assert.deepEqual(await idsFound(), [])
  })

  it('refuses a write beyond those that may wait, with Retry-After', async () => {
    // The slow one may find the place taken by one of the others, and is refused then: it comes again.
    let slow = openSlowWrite()
    let refused: Answer
    do {
      await new Promise(resolve => setTimeout(resolve, 50))
      if (slow.refused()) slow = openSlowWrite()
      refused = await put(documents, [{ id: 'b', text: 'two' }])
    } while (refused.status === 200)
    assert.deepEqual([refused.status, refused.json.code, refused.headers.get('retry-after')], [429, 'overloaded', '1'])
    assert.equal(await slow.end(), 200)
  })

  /** A write that holds its place until it is ended. */
  function openSlowWrite() {
    const write = httpRequest(documents, { method: 'PUT', headers: { 'content-type': 'application/x-ndjson' } })
    let status: number | undefined
    write.on('error', () => undefined)
    const answered = new Promise<number>(resolve => {
      write.on('response', ({ statusCode = 0 }) => {
        status = statusCode
        resolve(statusCode)
      })
    })
    write.write('{"id":"a","text":"one"}\n')
    return {
      refused: () => status !== undefined,
      end: () => {
        write.end()
        return answered
      },
    }
  }

  it('stops, and stores nothing, when the client goes away in the middle of the body', async () => {
    const cut = httpRequest(documents, { method: 'PUT', headers: { 'content-type': 'application/x-ndjson' } })
    cut.on('error', () => undefined)
    cut.write('{"id":"a","text":"one"}\n')
    await new Promise(resolve => setTimeout(resolve, 50))
    cut.destroy()
    // The place of the only put that may run is free again.
    await eventually(async () => (await put(documents, [{ id: 'b', text: 'two' }])).status === 200)
    assert.deepEqual(await idsFound(), ['b'])
  })

  it('keeps a put though a shard server is down, tells the truth meanwhile, and is complete when it is back', async () => {
    const [first] = coordinator.servers
    first!.down = true
    await eventually(async () => (await request(`${coordinator.url}/v1/cluster`)).json.servers[0].live === false)
    const many = Array.from({ length: 50 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))
    const kept = await put(documents, many)
    assert.deepEqual([kept.status, kept.json.accepted, kept.json.searchable], [200, 50, false])
    assert.equal(kept.json.problem.code, 'unavailable')
    assert.ok(kept.json.problem.message.includes(first!.address))
    const refused = await post(search, { query: 'stars' })
    assert.deepEqual([refused.status, refused.json.code], [503, 'insufficient_coverage'])
    assert.equal(refused.json.details.coverage.missing[0].server, first!.address)
    first!.down = false
    await eventually(async () => (await request(`${coordinator.url}/readyz`)).status === 200)
    assert.equal((await idsFound()).length, 50)
    assert.equal((await put(documents, [{ id: 'last', text: 'stars' }])).json.searchable, true)
  })
})
