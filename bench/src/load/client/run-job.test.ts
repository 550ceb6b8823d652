import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HttpTarget, LoadJob } from './load-job.ts'
import { runJob } from './run-job.ts'

describe('a job of the load client', () => {
  let server: Server
  let bodies: string[]
  let answer: { status: number; body: string }
  let stop: AbortController

  beforeEach(async () => {
    bodies = []
    answer = { status: 200, body: '{"hits":[]}' }
    stop = new AbortController()
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      bodies.push(Buffer.concat(chunks).toString())
      // The job is over once it has seen enough, whatever the clock says.
      if (bodies.length === 20) stop.abort()
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterEach(() => server.close())

  const job = (more: Partial<LoadJob> = {}): LoadJob => ({
    target: { kind: 'http', origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, path: '/search' },
    loop: { kind: 'closed', clients: 3 },
    bodies: ['"a"', '"b"', '"c"'],
    repeat: true,
    warmUpSeconds: 0,
    seconds: 60,
    timeoutMs: 10_000,
    ...more,
  })
  const run = (given: LoadJob) => runJob(given, { onBegin: () => {}, onEnd: () => {}, stop: stop.signal })

  it('sends its bodies in turn, and counts what became of them', async () => {
    const result = await run(job())
    assert.equal(result.used, bodies.length)
    assert.ok(result.completed > 0 && result.completed <= bodies.length)
    assert.equal(result.latenciesMs.length, bodies.length)
    assert.deepEqual(new Set(bodies), new Set(['"a"', '"b"', '"c"']))
    assert.ok(result.bytesSent! > 0 && result.bytesReceived! > 0)
  })

  it('tells errors by the code of the answer', async () => {
    answer = { status: 503, body: '{"code":"overloaded"}' }
    const { errors, completed } = await run(job({ loop: { kind: 'open', perSecond: 1_000 } }))
    assert.deepEqual(errors, { overloaded: bodies.length })
    assert.equal(completed, 0)
  })

  it('tells errors of others by their status', async () => {
    answer = { status: 502, body: 'bad gateway' }
    assert.deepEqual(Object.keys((await run(job())).errors), ['http_502'])
  })

  it('asks the other origin where a connection is refused', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const refused = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`
    await new Promise(resolve => gone.close(resolve))
    const { target } = job() as { target: HttpTarget }
    const { errors, sentElsewhere, requests } = await run(job({ target: { ...target, others: [refused] } }))
    assert.deepEqual(errors, {})
    assert.ok(sentElsewhere > 0)
    assert.equal(requests.length, bodies.length, 'each request is answered once')
  })

  it('tells partial answers from whole ones where it is to judge', async () => {
    const coverage = { ratio: 0.5, missing: [{ shard: 1 }] }
    answer = { status: 200, body: JSON.stringify({ hits: [], coverage }) }
    const { target } = job() as { target: HttpTarget }
    const { errors, completed } = await run(job({ target: { ...target, judged: { rankings: new Map() } } }))
    assert.deepEqual(errors, { partial_answer: bodies.length })
    assert.equal(completed, 0)
  })

  it('fails rather than ask a new query twice', async () => {
    await assert.rejects(run(job({ repeat: false })), /3 queries were too few/)
    assert.deepEqual(bodies.sort(), ['"a"', '"b"', '"c"'])
  })
})
