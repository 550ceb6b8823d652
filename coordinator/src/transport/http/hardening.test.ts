import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('a hostile client of the HTTP API', () => {
  let coordinator: TestCoordinator
  let url: string

  before(async () => {
    coordinator = await startTestCoordinator()
    url = coordinator.url
    await post(`${url}/v1/indexes`, { name: 'papers' })
    await put(`${url}/v1/indexes/papers/documents`, [{ id: 'a', text: 'stars twinkle' }])
  })

  after(() => coordinator.stop())

  /** Whatever came before, a good search is answered. */
  afterEach(async () => {
    const answer = await post(`${url}/v1/indexes/papers/search`, { query: 'stars' })
    assert.equal(answer.status, 200, JSON.stringify(answer.json))
  })

  /** Sends bytes, and gives all that comes back until the server closes the connection. */
  function exchange(bytes: string): Promise<string> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'))
      let answers = ''
      socket.on('data', chunk => {
        answers += chunk.toString('latin1')
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(answers))
    })
  }

  const statusesOf = (answers: string) =>
    [...answers.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))

  const host = 'Host: papers\r\n'
  const close = 'Connection: close\r\n'
  /** A request that must not be taken for one of its own. */
  const hidden = `DELETE /v1/indexes/papers HTTP/1.1\r\n${host}${close}\r\n`
  const search = 'POST /v1/indexes/papers/search HTTP/1.1\r\nContent-Type: application/json\r\n'

  const smuggled: { title: string; bytes: string; status?: number }[] = [
    {
      title: 'a length and chunks',
      bytes: `${search}${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    },
    {
      title: 'chunks and a length',
      bytes: `${search}${host}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`,
    },
    { title: 'two lengths', bytes: `${search}${host}Content-Length: 0\r\nContent-Length: 5\r\n\r\n${hidden}` },
    {
      title: 'the same length twice',
      bytes: `${search}${host}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${hidden}`,
    },
    { title: 'a list of lengths', bytes: `${search}${host}Content-Length: 0, 0\r\n\r\n${hidden}` },
    { title: 'a length with a sign', bytes: `${search}${host}Content-Length: +2\r\n\r\n{}${hidden}` },
    { title: 'a length below 0', bytes: `${search}${host}Content-Length: -1\r\n\r\n${hidden}` },
    { title: 'a length in hexadecimal', bytes: `${search}${host}Content-Length: 0x2\r\n\r\n{}${hidden}` },
    {
      title: 'a length beyond all numbers',
      bytes: `${search}${host}Content-Length: 99999999999999999999\r\n\r\n${hidden}`,
    },
    { title: 'a folded line', bytes: `${search}${host}Content-Length:\r\n 0\r\n\r\n${hidden}` },
    {
      title: 'a folded line of another field',
      bytes: `${search}${host}X-Note: a\r\n\tContent-Length: 0\r\n\r\n${hidden}`,
    },
    {
      title: 'lines that end in LF alone',
      bytes: `${search}${host}Content-Length: 0\n\n`.replaceAll('\r', '').concat(hidden),
    },
    { title: 'a space before the colon', bytes: `${search}${host}Content-Length : 0\r\n\r\n${hidden}` },
    { title: 'a CR within a line', bytes: `${search}${host}X-Note: a\rContent-Length: 0\r\n\r\n${hidden}` },
    { title: 'a NUL in a line', bytes: `${search}${host}X-Note: a\0b\r\nContent-Length: 0\r\n\r\n${hidden}` },
    {
      title: 'an encoding after chunked',
      bytes: `${search}${host}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
    },
    {
      title: 'an encoding like chunked',
      bytes: `${search}${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    },
    {
      title: 'a chunk that is longer than it says',
      bytes: `${search}${host}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${hidden}`,
    },
    {
      title: 'a chunk with a size that is none',
      bytes: `${search}${host}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n${hidden}`,
    },
    {
      title: 'a chunk with LF in its extension',
      bytes: `${search}${host}Transfer-Encoding: chunked\r\n\r\n2;a\n{}\r\n0\r\n\r\n${hidden}`,
    },
    {
      title: 'a chunk with a long extension',
      bytes: `${search}${host}Transfer-Encoding: chunked\r\n\r\n2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n${hidden}`,
    },
    { title: 'no host', bytes: `GET /healthz HTTP/1.1\r\n\r\n${hidden}` },
    { title: 'no version', bytes: `GET /v1/indexes\r\n${host}\r\n${hidden}` },
    { title: 'another version', bytes: `GET /v1/indexes HTTP/3.7\r\n${host}\r\n${hidden}` },
    {
      title: 'header lines of 17 KiB',
      bytes: `GET /v1/indexes HTTP/1.1\r\n${host}X: ${'a'.repeat(17_000)}\r\n\r\n${hidden}`,
      status: 413,
    },
    { title: 'a path of 17 KiB', bytes: `GET /${'a'.repeat(17_000)} HTTP/1.1\r\n${host}\r\n${hidden}`, status: 413 },
    { title: 'a TLS greeting', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' },
    { title: 'an HTTP/2 preface', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  ]
  for (const { title, bytes, status = 400 } of smuggled) {
    it(`is refused for ${title}, and nothing behind it is a request`, async () => {
      const answers = await exchange(bytes)
      assert.deepEqual(statusesOf(answers), [status], answers)
      assert.match(answers, /"code":"(invalid_request|request_too_large)"/)
      assert.match(answers, /^connection: close/im)
    })
  }

  const paths = [
    '/../../etc/passwd',
    '/docs/../../../../etc/passwd',
    '/docs/static/..%2f..%2f..%2fpackage.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/..%5c..%5cpackage.json',
    '/docs/static/%c0%ae%c0%ae/package.json',
    '/docs/static/....//....//package.json',
    '/docs/static/%252e%252e%252fpackage.json',
    '/docs/static/index.html%00.js',
    '/v1/indexes/../../etc/passwd',
    '/v1/indexes/..%2f..%2fpapers',
    '/v1/indexes/%2e%2e',
    '/v1/indexes/pa%00pers',
    '/v1/indexes/%c0%ae%c0%ae',
    '/v1/indexes/papers/snapshots/..%2f..%2findex.json/restore',
    '/v1/indexes/papers/documents/%',
    '//etc/passwd',
    '/v1/indexes/papers;/../../x',
  ]
  for (const path of paths) {
    it(`reads no file at ${path}`, async () => {
      const answers = await exchange(`GET ${path} HTTP/1.1\r\n${host}${close}\r\n`)
      const [status] = statusesOf(answers)
      assert([400, 403, 404].includes(status!), answers)
      assert.doesNotMatch(answers, /root:|"dependencies"|"workspaces"|x-powered-by|^server:/im)
    })
  }

  it('is told to run, frame and keep nothing', async () => {
    const { headers } = await request(`${url}/v1/indexes`)
    assert.equal(headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'")
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-frame-options'), 'SAMEORIGIN')
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('strict-transport-security'), null)
    assert.equal(headers.get('server'), null)
  })

  it('runs in the documentation what this server gave, and nothing else', async () => {
    const { headers } = await request(`${url}/docs/static/index.html`)
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'self'.*frame-ancestors 'none'.*script-src 'self' ;/)
    assert.doesNotMatch(policy, /unsafe|https:|validator|upgrade-insecure/)
  })
})
