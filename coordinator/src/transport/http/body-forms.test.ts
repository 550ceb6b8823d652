import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import {
  type Answer,
  post,
  put,
  request,
  startTestCoordinator,
  type TestCoordinator,
} from '../../testing/test-coordinator.ts'

type Bytes = Uint8Array<ArrayBuffer>
type Encode = (bytes: Uint8Array) => Bytes

const encodings: readonly [name: string, encode: Encode][] = [
  ['gzip', bytes => new Uint8Array(gzipSync(bytes))],
  ['x-gzip', bytes => new Uint8Array(gzipSync(bytes))],
  ['zstd', bytes => new Uint8Array(zstdCompressSync(bytes))],
  ['br', bytes => new Uint8Array(brotliCompressSync(bytes))],
  ['deflate', bytes => new Uint8Array(deflateSync(bytes))],
]
const bom = '\uFEFF'
const json = { 'content-type': 'application/json' }

describe('forms of a body over HTTP', () => {
  let coordinator: TestCoordinator
  let documents: string
  let search: string

  before(async () => {
    coordinator = await startTestCoordinator()
  })
  after(() => coordinator.stop())

  beforeEach(async () => {
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers' })
    documents = `${coordinator.url}/v1/indexes/papers/documents`
    search = `${coordinator.url}/v1/indexes/papers/search`
  })
  afterEach(() => request(`${coordinator.url}/v1/indexes/papers`, { method: 'DELETE' }))

  const durable = () => `${documents}?wait_for=durable`
  const send = (url: string, method: string, body: string | Bytes, headers: Record<string, string>): Promise<Answer> =>
    request(url, { method, headers, body })

  async function expectDocuments(answer: Answer, ids: readonly string[]): Promise<void> {
    assert.deepEqual([answer.status, answer.json.accepted, answer.json.failed], [200, ids.length, 0])
    for (const id of ids) assert.equal((await request(`${documents}/${id}`)).json.id, id)
  }

  describe('with a byte order mark', () => {
    const lines = `${bom}{"_id":"d1","text":"a"}\r\n{"_id":"d2","text":"b"}`
    it('takes documents', async () => expectDocuments(await put(durable(), lines), ['d1', 'd2']))

    it('takes files that were joined, with one in the middle and one alone', async () => {
      await expectDocuments(await put(durable(), `${lines}\n${lines.replaceAll('"d', '"e')}\n${bom}\n`), [
        'd1',
        'd2',
        'e1',
        'e2',
      ])
    })

    it('takes an array, and the body of any other route', async () => {
      await expectDocuments(await put(documents, `${bom}[{"id":"d1","text":"stars"}]`), ['d1'])
      const found = await post(search, `${bom}{"query":"stars"}`)
      assert.deepEqual([found.status, found.json.hits[0]?.id], [200, 'd1'])
      const deleted = await post(`${documents}/delete`, `${bom}{"ids":["d1"]}`)
      assert.deepEqual([deleted.status, deleted.json.accepted], [200, 1])
    })

    it('takes compressed documents', async () => {
      const body = new Uint8Array(gzipSync(lines))
      await expectDocuments(await put(durable(), body, { 'content-encoding': 'gzip' }), ['d1', 'd2'])
    })

    it('says so of UTF-16', async () => {
      const body = new Uint8Array(Buffer.from('\uFEFF{"id":"a","text":"t"}', 'utf16le'))
      assert.match((await put(documents, body)).json.detail, /UTF-16; send UTF-8/)
      assert.match((await send(search, 'POST', body, json)).json.detail, /UTF-16; send UTF-8/)
    })
  })

  describe('that is compressed', () => {
    const many = Array.from({ length: 3_000 }, (_, at) => `{"id":"d${at}","text":"stars ${at * 7_919}"}\n`).join('')

    for (const [name, encode] of encodings) {
      it(`takes ${name}, of documents and of every JSON body`, async () => {
        const encoding = { 'content-encoding': name.toUpperCase() }
        const answer = await put(durable(), encode(Buffer.from(many)), encoding)
        assert.deepEqual([answer.status, answer.json.accepted, answer.json.failed], [200, 3_000, 0])
        const body = encode(Buffer.from('{"query":"stars"}'))
        assert.equal((await send(search, 'POST', body, { ...json, ...encoding })).status, 200)
        const ids = encode(Buffer.from('{"ids":["d1"]}'))
        assert.equal((await send(`${documents}/delete`, 'POST', ids, { ...json, ...encoding })).json.accepted, 1)
      })

      it(`refuses ${name} that is cut off, altered or no such stream, and writes nothing of it`, async () => {
        const whole = encode(Buffer.from(many))
        const bad = [
          whole.subarray(0, whole.length - 5),
          whole.subarray(0, whole.length >> 1),
          new Uint8Array(Buffer.from(many)),
        ]
        for (const body of bad) {
          const answer = await put(durable(), body, { 'content-encoding': name })
          assert.deepEqual([answer.status, answer.json.code], [400, 'invalid_request'])
          assert.match(
            answer.json.detail,
            /stream is corrupt or breaks off, after \d+ bytes.*nothing of it was written/,
          )
          const other = await send(search, 'POST', body.subarray(0, 1_000), { ...json, 'content-encoding': name })
          assert.deepEqual([other.status, other.json.code], [400, 'invalid_request'])
        }
        assert.equal((await request(`${documents}/d0`)).status, 404)
      })
    }

    it('takes streams that were joined, whichever compressor wrote them', async () => {
      const halves = ['{"id":"a","text":"one"}\n', '{"id":"b","text":"two"}\n'].map(line => Buffer.from(line))
      for (const [name, encode] of encodings.filter(([name]) => name === 'gzip' || name === 'zstd')) {
        const body = new Uint8Array(Buffer.concat(halves.map(half => encode(half))))
        await expectDocuments(await put(durable(), body, { 'content-encoding': name }), ['a', 'b'])
      }
    })

    it('refuses what stands behind the end of a stream', async () => {
      for (const [name, encode] of encodings) {
        const body = new Uint8Array(
          Buffer.concat([encode(Buffer.from('{"id":"a","text":"t"}\n')), Buffer.from('more')]),
        )
        const answer = await put(documents, body, { 'content-encoding': name })
        assert.deepEqual([name, answer.status, answer.json.code], [name, 400, 'invalid_request'])
      }
    })

    it('refuses a bomb, of documents and of JSON', async () => {
      const blanks = Buffer.alloc(64 * 1024 * 1024, ' ')
      for (const [name, encode] of encodings) {
        const answer = await put(documents, encode(blanks), { 'content-encoding': name })
        assert.deepEqual([answer.status, answer.json.code], [413, 'request_too_large'], name)
        assert.match(answer.json.detail, /times larger than its \w+ stream/)
        const padded = encode(Buffer.concat([blanks.subarray(0, 4 * 1024 * 1024), Buffer.from('{"query":"stars"}')]))
        const other = await send(search, 'POST', padded, { ...json, 'content-encoding': name })
        assert.deepEqual([other.status, other.json.code], [413, 'request_too_large'], name)
      }
    }).timeout(20_000)

    for (const encoding of ['lz4', 'gzip, br', 'compress', 'constructor']) {
      it(`refuses ${encoding} and lists what it takes`, async () => {
        const body = new Uint8Array(gzipSync('{"query":"stars"}'))
        for (const [url, method, type] of [
          [search, 'POST', 'application/json'],
          [documents, 'PUT', 'application/x-ndjson'],
        ] as const) {
          const answer = await send(url, method, body, { 'content-type': type, 'content-encoding': encoding })
          assert.deepEqual([answer.status, answer.json.code], [415, 'unsupported_encoding'])
          assert.deepEqual(answer.json.details.accepted, ['gzip', 'zstd', 'br', 'deflate'])
          assert.equal(answer.headers.get('accept-encoding'), 'gzip, zstd, br, deflate')
        }
      })
    }

    it('takes identity for none', async () => {
      await expectDocuments(await put(durable(), '{"id":"a","text":"t"}', { 'content-encoding': 'identity' }), ['a'])
    })

    it('says that a connection broke off, and not that the stream is corrupt', async () => {
      const sending = httpRequest(documents, {
        method: 'PUT',
        headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
      })
      const failed = new Promise(resolve => sending.on('error', resolve))
      sending.write(gzipSync(many).subarray(0, 5_000))
      setImmediate(() => sending.destroy(new Error('gone')))
      await failed
      await expectDocuments(await put(durable(), '{"id":"a","text":"t"}'), ['a'])
    })
  })

  describe('that is no JSON object a line', () => {
    const pretty = JSON.stringify({ id: 'a', title: 'T', text: 'stars', meta: { year: 1 } }, null, 2)
    const unusable: [why: string, body: string, says: RegExp][] = [
      ['pretty JSON', pretty, /line 1: not JSON/],
      ['newlines that were lost', '{"id":"a","text":"t"}{"id":"b","text":"t"}', /line 1: not JSON/],
      ['newlines that became carriage returns', '{"id":"a","text":"t"}\r{"id":"b","text":"t"}\r', /line 1: not JSON/],
      ['CSV', 'id,text\n1,stars\n', /line 1: not JSON/],
      ['values of other types', '"a"\n5\nnull\n', /line 1: a document is a JSON object, this is a string/],
    ]
    for (const [why, body, says] of unusable) {
      it(`answers ${why} by 400 and says what to send`, async () => {
        const { status, json } = await put(documents, body)
        assert.deepEqual([status, json.code], [400, 'invalid_request'])
        assert.match(json.detail, /one JSON object a line/)
        assert.match(json.detail, says)
        assert.equal(json.details.errors[0].line, 1)
      })
    }

    it('tells it as the last line of an answer with progress', async () => {
      const answer = await put(`${documents}?progress=true`, pretty)
      assert.match(answer.json.problem.detail, /one JSON object a line/)
    })

    it('answers lines that are all too long by 413', async () => {
      const { status, json } = await put(documents, `{"id":"a","text":"${'x'.repeat(2 * 1024 * 1024)}"}`)
      assert.deepEqual([status, json.code], [413, 'request_too_large'])
    })

    it('answers by line where one line is an object, usable or not', async () => {
      const { status, json } = await put(documents, 'nope\n{"text":"no id"}\n')
      assert.deepEqual([status, json.failed, json.accepted], [200, 2, 0])
    })

    it('takes an array of documents, whatever the content type and the line breaks', async () => {
      const array = [
        { id: 'a', text: 'one, [two] {three} "\\' },
        { id: 'b', text: 'stars', list: [[1], { x: ']' }] },
      ]
      for (const headers of [{}, json]) {
        for (const body of [
          JSON.stringify(array),
          JSON.stringify(array, null, 2),
          `\n\t ${JSON.stringify(array)} \n`,
        ]) {
          await expectDocuments(await put(durable(), body, headers), ['a', 'b'])
        }
      }
      assert.equal((await request(`${documents}/a`)).json.text, array[0]?.text)
    })

    it('takes one pretty document as application/json', async () => {
      await expectDocuments(await put(durable(), pretty, json), ['a'])
    })

    it('reports each bad element by its place', async () => {
      const { json } = await put(durable(), '[{"id":"a","text":"t"}, {"id":5}, nope, {"id":"b","text":"t"},]')
      assert.deepEqual(
        json.errors.map(({ line }: { line: number }) => line),
        [2, 3, 5],
      )
      assert.equal(json.accepted, 2)
    })

    for (const body of ['[{"id":"a","text":"t"}', '[{"id":"a","text":"t"},', '[{"id":"a","text":"t"}] x', '[']) {
      it(`refuses the array ${body} and writes nothing of it`, async () => {
        const { status, json } = await put(documents, body)
        assert.deepEqual([status, json.code], [400, 'invalid_request'])
        assert.match(json.detail, /array.*nothing of it was written/)
        assert.equal((await request(`${documents}/a`)).status, 404)
      })
    }

    for (const body of ['', '\n\n', '[]', ' [ ] ']) {
      it(`takes ${JSON.stringify(body)} for no documents`, async () => {
        const { status, json } = await put(documents, body)
        assert.deepEqual([status, json.received, json.sequence], [200, 0, null])
      })
    }
  })
})
