import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve, type TestServer } from '@hypershard/harness/api'
import { type IssueOptions, TestCertificates } from '@hypershard/harness/certificates'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import type { Check } from '../check.ts'
import { runChecks } from '../run-checks.ts'
import { certificatesGood } from './certificates-good.ts'
import { containerLimits } from './container-limits.ts'
import { exposure } from './exposure.ts'
import { peersReachable } from './peers-reachable.ts'
import { portsFree } from './ports-free.ts'
import { type Configuration, type ProcessName, readConfiguration } from './read-configuration.ts'
import { redisReady } from './redis-ready.ts'
import { secretsPrivate } from './secrets-private.ts'
import { settingsRead } from './settings-read.ts'
import { storeClock } from './store-clock.ts'
import { storeConditions } from './store-conditions.ts'

const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

describe('the doctor of a process’s settings', () => {
  let folder: string
  const closers: (() => unknown)[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-doctor-'))
    await mkdir(join(folder, 'store'))
  })

  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
    await rm(folder, { recursive: true, force: true })
  })

  const look = async (
    check: Check<Configuration>,
    changed: Record<string, string> = {},
    of: ProcessName = 'indexer',
  ) => {
    const settings = { HYPERSHARD_STORE: join(folder, 'store'), ...changed }
    const needed = of === 'indexer' ? { HYPERSHARD_ENCODER: '127.0.0.1:1' } : {}
    const findings = await runChecks([check], readConfiguration(of, { ...needed, ...settings }))
    return findings.map(({ verdict, says }) => `${verdict} ${says}`)
  }
  const server = async (listener: http.RequestListener): Promise<TestServer> => {
    const started = await serve(listener)
    closers.push(() => started.close())
    return started
  }

  it('takes good ones, and a store in a directory', async () => {
    assert.match((await look(settingsRead)).join(), /^ok the indexer takes these settings/)
    const [store, clock, ...others] = await look(storeConditions)
    assert.match(store!, /^ok .* creates each object once/)
    assert.match(clock!, /^ok the clock of the disk/)
    assert.deepEqual(others, [])
  })

  it('tells of every setting that cannot be read, and knows the others', async () => {
    const settings = { HYPERSHARD_INDEXER_SCAN_MS: 'soon', HYPERSHARD_INDEXER_SCAM_MS: '1' }
    assert.deepEqual(
      (await look(settingsRead, settings)).map(line => line.split(':')[0]),
      ['problem HYPERSHARD_INDEXER_SCAN_MS', 'problem HYPERSHARD_INDEXER_SCAM_MS'],
    )
    assert.equal(readConfiguration('indexer', { ...settings, HYPERSHARD_STORE: '/s' }).settings.HYPERSHARD_STORE, '/s')
  })

  it('does not make a store that is not there', async () => {
    const [store] = await look(storeConditions, { HYPERSHARD_STORE: join(folder, 'none') })
    assert.match(store!, /^unchecked .*is not there yet/)
  })

  it('finds out a store of S3 that ignores conditions', async () => {
    const { url } = await server(carelessS3())
    const settings = { HYPERSHARD_STORE: `s3://bucket?endpoint=${url}&staging=${folder}`, ...credentials }
    assert.match(
      (await look(storeConditions, settings))[0]!,
      /^problem .*an object that existed was created a second time/,
    )
    assert.match((await look(storeClock, settings)).join(), /^ok the clock of http:/)
  })

  it('tells of an S3 server whose clock is wrong, and of one that lets nobody in', async () => {
    const { url } = await server((_, response) => {
      response.writeHead(403, { date: new Date(Date.now() - 3_600_000).toUTCString() }).end()
    })
    const settings = { HYPERSHARD_STORE: `s3://bucket?endpoint=${url}&staging=${folder}`, ...credentials }
    assert.match((await look(storeClock, settings)).join(), /^problem the clock of http:.* is 3\d{3} s behind/)
    assert.match((await look(storeConditions, settings)).join(), /^problem writing probes\//)
  })

  it('tells of a Redis that throws keys away, and of one that is not there', async function () {
    const redis: RedisServer | undefined = await startRedisServer('--maxmemory-policy', 'allkeys-lru')
    if (redis === undefined) return this.skip()
    closers.push(() => redis.stop())
    const [away, told, queue, ...others] = await look(redisReady, {
      HYPERSHARD_ENCODER: 'redis://127.0.0.1:1',
      HYPERSHARD_ANNOUNCE_REDIS_URL: redis.url,
      HYPERSHARD_INDEXER_REDIS_URL: redis.url,
    })
    assert.match(away!, /^problem HYPERSHARD_ENCODER \(redis:\/\/127\.0\.0\.1:1\) cannot be asked: .*ECONNREFUSED/)
    assert.match(told!, /^advice HYPERSHARD_ANNOUNCE_REDIS_URL .* maxmemory-policy allkeys-lru/)
    assert.match(queue!, /^problem HYPERSHARD_INDEXER_REDIS_URL .* maxmemory-policy allkeys-lru/)
    assert.deepEqual(others, [])
  })

  it('tells of a Redis that forgets keys when it restarts, and keeps its password to itself', async function () {
    const redis: RedisServer | undefined = await startRedisServer()
    if (redis === undefined) return this.skip()
    closers.push(() => redis.stop())
    const bare = (await look(redisReady, { HYPERSHARD_KEYS: redis.url })).join('\n')
    assert.match(bare, /problem HYPERSHARD_KEYS .* keeps nothing on disk/)
    const url = redis.url.replace('//', '//somebody:hidden@')
    const refused = (await look(redisReady, { HYPERSHARD_KEYS: url })).join('\n')
    assert.match(refused, /problem HYPERSHARD_KEYS .*cannot be asked: .*(WRONGPASS|AUTH)/)
    assert.doesNotMatch(refused, /hidden/)
  })

  it('tells of a port that another program has, and of one that is named twice', async () => {
    const taken = (await server(() => {})).url.replace('http://', '')
    const settings = { HYPERSHARD_SHARD_LISTEN: taken, HYPERSHARD_ADMIN_LISTEN: taken }
    const lines = (await look(portsFree, settings, 'shard-server')).join('\n')
    assert.match(lines, /problem HYPERSHARD_SHARD_LISTEN: cannot listen on .*another program listens/)
    assert.match(lines, /problem HYPERSHARD_SHARD_LISTEN and HYPERSHARD_ADMIN_LISTEN are both/)
  })

  it('tells which peers cannot be reached', async () => {
    const there = (await server(() => {})).url.replace('http://', '')
    const lines = await look(peersReachable, { HYPERSHARD_ENCODER: `${there},127.0.0.1:1` })
    assert.deepEqual(
      lines.map(line => line.slice(0, 57)),
      ['advice HYPERSHARD_ENCODER: 127.0.0.1:1 cannot be reached:'],
    )
    assert.match((await look(peersReachable, { HYPERSHARD_ENCODER: there })).join(), /^ok/)
  })

  describe('certificates', () => {
    let made: TestCertificates

    before(async () => {
      made = await TestCertificates.make()
    })

    after(() => made.remove())

    const cases: { what: string; options: IssueOptions; settings?: Record<string, string>; says: RegExp }[] = [
      {
        what: 'takes one that is good for a while',
        options: { days: 60, lifeDays: 90 },
        says: /^ok HYPERSHARD_TLS_CERT is good until 20/,
      },
      {
        what: 'tells of one that expires soon',
        options: { days: 5, lifeDays: 90 },
        says: /^advice HYPERSHARD_TLS_CERT expires in [45] days/,
      },
      {
        what: 'tells of one that has expired',
        options: { days: -1 },
        says: /^problem HYPERSHARD_TLS_CERT: \S+ expired at/,
      },
      {
        what: 'tells of one of a foreign CA',
        options: { foreign: true },
        says: /^problem HYPERSHARD_TLS_CERT: \S+ was not signed by a CA in HYPERSHARD_TLS_CA/,
      },
      {
        what: 'tells of one for another host',
        options: { names: ['elsewhere.test'], days: 60, lifeDays: 90 },
        settings: { HYPERSHARD_ADVERTISE: '10.0.0.9:7710' },
        says: /^problem HYPERSHARD_TLS_CERT is for DNS:elsewhere\.test, and not for hypershard\.internal or 10\.0\.0\.9/,
      },
      {
        what: 'takes one for the address that others call',
        options: { names: ['10.0.0.9'], days: 60, lifeDays: 90 },
        settings: { HYPERSHARD_ADVERTISE: '10.0.0.9:7710' },
        says: /^ok/,
      },
      {
        what: 'tells of one that stands without its CA',
        options: {},
        settings: { HYPERSHARD_TLS_CA: '' },
        says: /^problem of HYPERSHARD_TLS_CERT, .* only some are set/,
      },
    ]
    for (const { what, options, settings = {}, says } of cases) {
      it(what, async () => {
        const files = await made.settings('one', options)
        assert.match((await look(certificatesGood, { ...files, ...settings }, 'shard-server')).join('\n'), says)
      })
    }

    it('tells of a port that would be open to everybody, and of one that is on purpose', async () => {
      const settings = { HYPERSHARD_SHARD_LISTEN: '0.0.0.0:7710' }
      const told = (changed: Record<string, string>) => look(exposure, { ...settings, ...changed }, 'shard-server')
      assert.match(
        (await told({})).join(),
        /^problem HYPERSHARD_SHARD_LISTEN: 0\.0\.0\.0:7710 would be open to any process/,
      )
      assert.match((await told({ HYPERSHARD_INSECURE: 'true' })).join(), /advice HYPERSHARD_INSECURE lets in everybody/)
      assert.match((await told(await made.settings('one'))).join(), /^ok/)
      assert.match((await told({ HYPERSHARD_SHARD_LISTEN: '127.0.0.1:1' })).join(), /^ok/)
    })
  })

  it('tells of keys that everybody may read', async () => {
    const keys = join(folder, 'keys.json')
    await writeFile(keys, '{}', { mode: 0o640 })
    assert.match((await look(secretsPrivate, { HYPERSHARD_KEYS: keys })).join(), /^ok .*mode 640/)
    await chmod(keys, 0o644)
    assert.match((await look(secretsPrivate, { HYPERSHARD_KEYS: keys })).join(), /^problem .*mode 644/)
  })

  it('tells of more memory and threads than there are', async () => {
    const settings = { HYPERSHARD_SHARD_THREADS: '256', HYPERSHARD_SHARD_MEMORY_BYTES: `${2 ** 50}` }
    const lines = (await look(containerLimits, settings, 'shard-server')).join('\n')
    assert.match(lines, /advice HYPERSHARD_SHARD_THREADS is 256/)
    assert.match(lines, /problem HYPERSHARD_SHARD_MEMORY_BYTES is/)
  })
})

/** Objects over S3's protocol, whatever `If-None-Match` says. */
function carelessS3(): http.RequestListener {
  const objects = new Map<string, Buffer>()
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://s3')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method === 'PUT') {
      objects.set(pathname, Buffer.concat(chunks))
      return response.end()
    }
    if (request.method === 'POST') return response.end('<DeleteResult/>')
    if (searchParams.has('list-type')) {
      const prefix = searchParams.get('prefix') ?? ''
      const keys = [...objects.keys()].map(key => key.replace('/bucket/', '')).filter(key => key.startsWith(prefix))
      const contents = keys.map(key => `<Contents><Key>${key}</Key></Contents>`).join('')
      return response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`)
    }
    const object = objects.get(pathname)
    if (object === undefined) return response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>')
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    const part = from === undefined ? object : object.subarray(Number(from), Number(to) + 1)
    response.writeHead(200, { 'content-length': part.length }).end(request.method === 'HEAD' ? undefined : part)
  }
}
