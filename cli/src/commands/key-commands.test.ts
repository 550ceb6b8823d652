import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog, digestOfKey, parseKeys } from '@hypershard/access'
import { systemClock } from '@hypershard/common'
import { serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

describe('API keys on the command line', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-cli-keys-'))
    path = join(folder, 'keys.json')
  })

  afterEach(() => rm(folder, { recursive: true }))

  const run = (...words: string[]) =>
    runCommand(['key', ...words], { surroundings: { environment: { HYPERSHARD_KEYS: path, USER: 'ops' } } })

  const stored = async () => parseKeys(await readFile(path, 'utf8'), path)

  it('makes a key that is shown once, alone on standard output, and stored as its hash', async () => {
    const { exitCode, stdout, stderr } = await run('create', '--name', 'shop', '--scopes', 'search,read')
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^hs_[0-9a-f]{12}_[0-9a-f]{48}\n$/)
    const [key] = await stored()
    assert.equal(key!.hash, digestOfKey(stdout.trim()).toString('hex'))
    assert.deepEqual(
      [key!.name, key!.scopes, key!.indexes, key!.created_by],
      ['shop', ['search', 'read'], ['*'], 'ops'],
    )
    assert.doesNotMatch(await readFile(path, 'utf8'), new RegExp(stdout.trim().slice(16)))
  })

  it('takes everything that a key may have, and says it all with --json but the hash', async () => {
    const filter = '{"field":"n","equals":9007199254740993}'
    const limits = ['--requests-per-second', '2.5', '--gigaflops-per-second', '40']
    const more = ['--indexes', 'papers*,books', '--filter', filter, '--expires', '2099-01-01', ...limits]
    const { stdout } = await run('create', '--name', 'ada', '--scopes', 'search', ...more, '--json')
    const { key, id, created_at: _, hash, ...rest } = JSON.parse(stdout)
    assert.match(key, new RegExp(`^hs_${id}_`))
    assert.equal(hash, undefined)
    assert.deepEqual(rest.indexes, ['papers*', 'books'])
    assert.deepEqual(rest.limits, { requests_per_second: 2.5, gigaflops_per_second: 40 })
    assert.equal(rest.expires_at, '2099-01-01T00:00:00.000Z')
    assert.match(stdout, /9007199254740993/)
    assert.match(JSON.stringify((await stored())[0]!.filter), /9007199254740993/)
  })

  it('lists keys without their secrets, and revokes them', async () => {
    const made = (await run('create', '--name', 'shop', '--scopes', 'search')).stdout.trim()
    const id = made.slice(3, 15)
    const { stdout } = await run('list')
    assert.match(stdout, new RegExp(`^${id} +shop +search +\\* +never$`, 'm'))
    assert.doesNotMatch((await run('list', '--json')).stdout, /hash|hs_/)
    assert.match((await run('revoke', id)).stdout, /^revoked /)
    assert.deepEqual(await stored(), [])
    const again = await run('revoke', id)
    assert.deepEqual([again.exitCode, /there is no key/.test(again.stderr)], [2, true])
  })

  for (const [what, words, message] of [
    ['a scope that is none', ['--name', 'x', '--scopes', 'all'], /some of search, read, write, admin/],
    [
      'a pattern that is none',
      ['--name', 'x', '--scopes', 'read', '--indexes', 'A'],
      /indexes\.0: must be an index name/,
    ],
    ['a filter that is none', ['--name', 'x', '--scopes', 'read', '--filter', 'x'], /JSON object/],
    ['no name', ['--scopes', 'read'], /--name/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { exitCode, stderr } = await run('create', ...words)
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    })
  }

  it('asks where the keys are when nobody said', async () => {
    const { exitCode, stderr } = await runCommand(['key', 'list'])
    assert.deepEqual([exitCode, /HYPERSHARD_KEYS/.test(stderr)], [2, true])
  })

  it('verifies an audit log, and fails for one that was changed', async () => {
    const file = join(folder, 'audit.log')
    const log = await AuditLog.open(file, systemClock)
    for (const request of ['a', 'b', 'c']) {
      await log.append({ event: 'begun', request, key: null, address: '::1', what: 'createIndex', subject: {} })
    }
    await log.close()
    const good = await runCommand(['audit', 'verify', file])
    assert.equal(good.exitCode, 0)
    assert.match(good.stdout, /^3 lines: the chain holds; it ends with number 3, [0-9a-f]{64}$/m)
    await writeFile(file, (await readFile(file, 'utf8')).replace('"request":"b"', '"request":"x"'))
    const bad = await runCommand(['audit', 'verify', file, '--json'])
    assert.equal(bad.exitCode, 1)
    assert.equal(JSON.parse(bad.stdout).problems[0].line, 2)
    await appendFile(file, '{"torn')
    assert.match((await runCommand(['audit', 'verify', file])).stdout, /:4: broke off/)
  })
})

describe('the API key that a command sends', () => {
  const key = `hs_${'0'.repeat(12)}_${'1'.repeat(48)}`
  let folder: string
  let server: TestServer
  let sent: (string | undefined)[]
  let answer: { status: number; problem: object }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-cli-keys-'))
    sent = []
    answer = { status: 200, problem: { indexes: [], failed: [] } }
    server = await serve((request: IncomingMessage, response: ServerResponse) => {
      sent.push(request.headers.authorization)
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.problem))
    })
  })

  afterEach(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  const list = (environment: Record<string, string>, ...words: string[]) =>
    runCommand(['--url', server.url, ...words, 'index', 'list'], { surroundings: { environment } })

  it('is that of the environment, or of a file, which goes first', async () => {
    await list({ HYPERSHARD_API_KEY: key })
    const path = join(folder, 'key')
    await writeFile(path, `${key.replaceAll('1', '2')}\n`)
    await list({ HYPERSHARD_API_KEY: key }, '--key-file', path)
    await list({})
    assert.deepEqual(sent, [`Bearer ${key}`, `Bearer ${key.replaceAll('1', '2')}`, undefined])
  })

  it('is refused unsent when it is none, and not shown', async () => {
    const { exitCode, stderr } = await list({ HYPERSHARD_API_KEY: 'secret word' })
    assert.deepEqual([exitCode, sent], [2, []])
    assert.match(stderr, /HYPERSHARD_API_KEY: no API key is written so/)
    assert.doesNotMatch(stderr, /secret word/)
    assert.match((await list({}, '--key-file', join(folder, 'none'))).stderr, /--key-file: .* cannot be read/)
  })

  for (const [code, status, details, advice] of [
    ['unauthenticated', 401, {}, /HYPERSHARD_API_KEY, or give --key-file/],
    ['forbidden', 403, {}, /key list/],
    ['rate_limited', 429, { retry_after_ms: 2_500 }, /try again in 2\.5 s/],
  ] as const) {
    it(`says what to do about ${code}`, async () => {
      answer = { status, problem: { code, detail: 'no', status, details } }
      const { exitCode, stderr } = await list({})
      assert.equal(exitCode, 1)
      assert.match(stderr, advice)
    })
  }
})
