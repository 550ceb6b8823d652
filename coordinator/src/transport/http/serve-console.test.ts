import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { type FastifyInstance, fastify } from 'fastify'
import { type ConsoleFile, encodingFor, readConsoleFiles } from './console-files.ts'
import { problemOf, toProblemError } from './problem.ts'
import { addSecurityHeaders } from './security-headers.ts'
import { serveConsole } from './serve-console.ts'

/** As the whole server tells failures. */
function createApp(): FastifyInstance {
  const app = fastify()
  app.setErrorHandler((error, _request, reply) => {
    const problem = problemOf(toProblemError(error), 'a-request')
    return reply.code(problem.status).send(problem)
  })
  return app
}

const script = 'console.log("a script of the console")'

describe('the files of the console', () => {
  let directory: string
  let app: FastifyInstance

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-console-'))
    const dist = join(directory, 'dist')
    await mkdir(join(dist, 'assets'), { recursive: true })
    await writeFile(join(directory, 'secret.txt'), 'nobody reads this')
    await writeFile(join(dist, 'index.html'), '<!doctype html>')
    await writeFile(join(dist, 'assets', 'main-ABC.js'), script)
    await writeFile(join(dist, 'assets', 'main-ABC.js.gz'), gzipSync(script))
    await writeFile(join(dist, 'assets', 'main-ABC.js.br'), brotliCompressSync(script))
    await writeFile(join(dist, '.built-from'), 'a digest')
    app = createApp()
    addSecurityHeaders(app, { https: false })
    serveConsole(app, await readConsoleFiles(dist))
  })

  afterEach(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })

  it('are served below /console/, where /console leads', async () => {
    const led = await get('/console')
    assert.deepEqual([led.statusCode, led.headers.location], [308, 'console/'])
    const page = await get('/console/')
    assert.deepEqual([page.statusCode, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
    assert.equal((await get('/console/assets/main-ABC.js')).headers['content-type'], 'text/javascript; charset=utf-8')
  })

  it('may run nothing but themselves, ask nobody but this server, and stand in no frame', async () => {
    for (const path of ['/console/', '/console/assets/main-ABC.js']) {
      const { headers } = await get(path)
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      )
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    }
  })

  it('are kept for good where their name tells their content, and asked for anew where it does not', async () => {
    const asset = await get('/console/assets/main-ABC.js')
    assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable')
    const page = await get('/console/')
    assert.equal(page.headers['cache-control'], 'no-cache')
    const again = await get('/console/', { 'if-none-match': String(page.headers.etag) })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
    assert.equal((await get('/console/', { 'if-none-match': '"other"' })).statusCode, 200)
  })

  it('come compressed to whoever takes that', async () => {
    const path = '/console/assets/main-ABC.js'
    const [plain, gzip, br] = [
      await get(path),
      await get(path, { 'accept-encoding': 'gzip, deflate' }),
      await get(path, { 'accept-encoding': 'gzip, br;q=0.5' }),
    ]
    assert.deepEqual([plain.headers['content-encoding'], plain.body], [undefined, script])
    assert.deepEqual([gzip.headers['content-encoding'], String(gunzipSync(gzip.rawPayload))], ['gzip', script])
    assert.deepEqual([br.headers['content-encoding'], String(brotliDecompressSync(br.rawPayload))], ['br', script])
    assert.equal(new Set([plain, gzip, br].map(({ headers }) => headers.etag)).size, 3)
    assert(br.headers.vary === 'Accept-Encoding')
  })

  it('are all that there is: no path leads to another', async () => {
    await symlink(join(directory, 'secret.txt'), join(directory, 'dist', 'later.txt'))
    for (const path of [
      ...[
        '../secret.txt',
        '%2e%2e/secret.txt',
        '..%2fsecret.txt',
        '....//secret.txt',
        '..\\secret.txt',
        '%252e%252e/secret.txt',
      ],
      ...[
        'assets/../../secret.txt',
        'assets/%2e%2e%2f%2e%2e%2fsecret.txt',
        '/etc/passwd',
        '%2fetc%2fpasswd',
        'later.txt',
      ],
      ...[
        '.built-from',
        'index.html',
        'assets',
        'assets/',
        'assets/main-ABC.js.gz',
        'assets/main-ABC.js%00',
        '__proto__',
      ],
    ]) {
      const { statusCode, body } = await get(`/console/${path}`)
      assert.equal(statusCode, 404, path)
      assert.doesNotMatch(body, /nobody reads this|root:/)
    }
  })

  it('are missed with words where they were not built', async () => {
    const bare = createApp()
    serveConsole(bare, await readConsoleFiles(join(directory, 'nothing')))
    const { statusCode, body } = await bare.inject({ url: '/console/' })
    assert.equal(statusCode, 404)
    assert.match(body, /the console was not built/)
    await bare.close()
  })
})

describe('the encoding of a file', () => {
  const file: ConsoleFile = {
    type: 'text/css',
    bytes: Buffer.from('plain'),
    encoded: { br: Buffer.from('b'), gzip: Buffer.from('g') },
    digest: 'd',
    lasting: true,
  }

  it('is the smallest that the client takes', () => {
    const cases = [
      [undefined, undefined],
      ['', undefined],
      ['gzip', 'gzip'],
      ['gzip, deflate, br, zstd', 'br'],
      ['BR', 'br'],
      ['br;q=0, gzip;q=0.1', 'gzip'],
      ['br; q=0.000', undefined],
      ['identity', undefined],
    ] as const
    for (const [accepted, encoding] of cases) assert.equal(encodingFor(file, accepted), encoding, accepted)
    assert.equal(encodingFor({ ...file, encoded: {} }, 'br'), undefined)
  })
})
