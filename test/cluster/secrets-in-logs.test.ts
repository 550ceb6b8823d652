import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually, freePort, programEnvironment } from '@hypershard/harness'
import { TestCertificates } from '@hypershard/harness/certificates'
import { madeUpDocuments, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { type RedisServer, type S3Server, startRedisServer, startS3Server } from '@hypershard/harness/servers'
import { servicePrograms } from '@hypershard/local-cluster'

const run = promisify(execFile)

/** Nothing else looks like these. */
const secrets = { redis: 'R3disPassw0rdOfTheTest', s3: 'S3SecretKeyOfTheTest', api: 'ApiKeySecretOfTheTest' }

describe('the logs of a cluster that is given secrets everywhere', () => {
  let made: TestCertificates
  let redis: RedisServer
  let redisUrl: string
  let s3: S3Server | undefined
  let cluster: TestCluster

  before(async function () {
    made = await TestCertificates.make()
    const paths = await made.write('redis', { names: ['127.0.0.1'] })
    const port = await freePort()
    const tls = ['--tls-port', `${port}`, '--tls-cert-file', paths.certificate, '--tls-key-file', paths.key]
    const trust = ['--tls-ca-cert-file', paths.ca, '--tls-auth-clients', 'no']
    const user = ['--user', 'app', 'on', `>${secrets.redis}`, '~*', '&*', '+@all']
    const started = await startRedisServer(...tls, ...trust, ...user)
    if (started === undefined) return this.skip()
    redis = started
    redisUrl = `rediss://app:${secrets.redis}@127.0.0.1:${port}`
    s3 = await startS3Server()
    const location = await s3?.openBucket('papers')
    cluster = await startTestCluster({
      store: location?.location,
      shardServers: 1,
      environment: {
        // The way to a Redis or an S3 with a CA of one's own.
        NODE_EXTRA_CA_CERTS: paths.ca,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: secrets.s3,
        HYPERSHARD_LOG_LEVEL: 'trace',
        HYPERSHARD_MEMBERSHIP_REDIS_URL: redisUrl,
        HYPERSHARD_ANNOUNCE_REDIS_URL: redisUrl,
        HYPERSHARD_INDEXER_REDIS_URL: redisUrl,
        ...(await made.settings('process')),
      },
    })
  })

  after(async () => {
    await cluster?.stop()
    await s3?.stop()
    await made.remove()
  })

  async function logs(): Promise<string> {
    const folder = join(cluster.directory, 'data/logs')
    const texts = (await readdir(folder)).map(name => readFile(join(folder, name), 'utf8'))
    return (await Promise.all(texts)).join('\n')
  }

  it('have none of them, while all works and while nothing does', async () => {
    await cluster.request('POST', '/v1/indexes', { name: 'papers' })
    await cluster.put('papers', madeUpDocuments(10))
    assert.equal((await cluster.search('papers', 'balice')).status, 200)
    const headers = { authorization: `Bearer hs_abc_${secrets.api}` }
    const { httpUrl } = cluster.cluster
    for (const path of ['/v1/indexes', '/v1/nowhere', `/v1/indexes/hs_abc_${secrets.api}`]) {
      await fetch(`${httpUrl}${path}`, { headers })
    }
    await redis.stop()
    await s3?.stop()
    s3 = undefined
    await eventually(async () => /redis 127\.0\.0\.1:\d+/.test(await logs()))
    await cluster.request('POST', '/v1/indexes', { name: 'others' })
    const text = await logs()
    assert.match(text, /"msg":"serving"/)
    for (const [of, secret] of Object.entries(secrets))
      assert(!text.includes(secret), `the secret of ${of} is in a log`)
    assert.doesNotMatch(text, /PRIVATE KEY/)
  })

  it('have none when a process cannot start because of the setting with it', async () => {
    const env = { ...programEnvironment, HYPERSHARD_STORE: '/nowhere', HYPERSHARD_ENCODER: 'encoder:1' }
    const wrong = `redis/:/app:${secrets.redis}@127.0.0.1`
    for (const setting of [`redis://app:${secrets.redis}@`, `127.0.0.1:7710,redis://app:${secrets.redis}@h:1`, wrong]) {
      const started = run(process.execPath, [servicePrograms.coordinator], {
        env: { ...env, HYPERSHARD_SHARD_SERVERS: setting },
      })
      await assert.rejects(started, ({ stderr }: { stderr: string }) => {
        assert.match(stderr, /HYPERSHARD_SHARD_SERVERS/)
        assert(!stderr.includes(secrets.redis), stderr)
        return true
      })
    }
  })
})
