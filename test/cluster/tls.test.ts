import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import net from 'node:net'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { ChannelCredentials, type Client, Metadata, status } from '@grpc/grpc-js'
import { eventually, freePort, programEnvironment } from '@hypershard/harness'
import { type IssueOptions, TestCertificates } from '@hypershard/harness/certificates'
import { madeUpDocuments, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { type ServicePrograms, servicePrograms } from '@hypershard/local-cluster'
import { AnnouncementServiceClient } from '@hypershard/proto/announcements'

const run = promisify(execFile)

/** What a client begins with (RFC 9113, 3.4): the preface, and settings that change nothing. */
const http2Opening = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])
const settingsFrame = 4

describe('a cluster with TLS', () => {
  const usual = tls.getCACertificates('default')
  let made: TestCertificates
  let cluster: TestCluster
  let internal: string

  before(async () => {
    made = await TestCertificates.make()
    // As an operator's machines believe their own CA: this one's `fetch`, too.
    tls.setDefaultCACertificates([...usual, made.ca])
    internal = `127.0.0.1:${await freePort()}`
    const ofPublic = await made.write('public', { names: ['127.0.0.1', 'localhost'] })
    cluster = await startTestCluster({
      environment: {
        ...(await made.settings('process')),
        HYPERSHARD_INTERNAL_LISTEN: internal,
        HYPERSHARD_HTTP_TLS_CERT: ofPublic.certificate,
        HYPERSHARD_HTTP_TLS_KEY: ofPublic.key,
      },
    })
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 2 })
    await cluster.put('papers', madeUpDocuments(40))
  })

  after(async () => {
    await cluster?.stop()
    await made.remove()
    tls.setDefaultCACertificates(usual)
  })

  const internalPorts = () => [
    { port: 'the encoder service', address: cluster.process('encoder').address },
    { port: 'a shard server', address: cluster.process('shard-1').address },
    { port: 'the other shard server', address: cluster.process('shard-2').address },
    { port: "the coordinator's port for processes", address: internal },
  ]

  interface Shown {
    /** Whether the server has begun to talk. */
    readonly letIn: boolean
    readonly certificate: X509Certificate | undefined
  }

  /** Opens an HTTP/2 connection with a certificate or without, and tells what comes of it. */
  async function call(address: string, shown: { certificate?: string; key?: string; plain?: boolean }): Promise<Shown> {
    const { certificate: cert, key, plain } = shown
    const [host, port] = address.split(':')
    const identity = cert === undefined || key === undefined ? {} : { cert, key }
    const trust = { ca: made.ca, servername: 'hypershard.internal', ALPNProtocols: ['h2'], ...identity }
    const to = { host: host!, port: Number(port) }
    const socket = plain ? net.connect(to) : tls.connect({ ...to, ...trust })
    socket.write(http2Opening)
    try {
      // A server that lets a client in begins with its settings; what refuses it may say why.
      const letIn = await new Promise<boolean>(resolve => {
        socket.on('data', bytes => resolve(bytes[3] === settingsFrame))
        socket.on('error', () => resolve(false))
        socket.on('close', () => resolve(false))
      })
      return { letIn, certificate: socket instanceof tls.TLSSocket ? socket.getPeerX509Certificate() : undefined }
    } finally {
      socket.destroy()
    }
  }

  it('searches over HTTPS what it has indexed', async () => {
    const { status: code, body } = await cluster.search('papers', 'balice domo', { k: 5 })
    assert.equal(code, 200)
    assert.equal(body.hits.length, 5)
    assert.equal(body.coverage.ratio, 1)
    assert.match(cluster.cluster.httpUrl, /^https:/)
  })

  const strangers: { title: string; options?: IssueOptions; plain?: boolean }[] = [
    { title: 'without a certificate' },
    { title: 'with a certificate of another CA', options: { foreign: true } },
    { title: 'with a certificate that has expired', options: { days: -1 } },
    { title: 'that speaks plainly', plain: true },
  ]
  for (const { title, options, plain = false } of strangers) {
    it(`lets no client in ${title}, at any port between processes`, async () => {
      const shown = options === undefined ? {} : await made.issue(options)
      const calls = internalPorts().map(async ({ port, address }) => ({
        port,
        ...(await call(address, { ...shown, plain })),
      }))
      assert.deepEqual(
        (await Promise.all(calls)).filter(({ letIn }) => letIn),
        [],
      )
    })
  }

  it('lets a process of its own in at each of them', async () => {
    const own = await made.issue()
    for (const { port, address } of internalPorts()) assert.equal((await call(address, own)).letIn, true, port)
  })

  it('hears no other processes at the public gRPC port', async () => {
    const client: Client & AnnouncementServiceClient = new AnnouncementServiceClient(
      cluster.cluster.grpcAddress,
      ChannelCredentials.createSsl(Buffer.from(made.ca)),
      { 'grpc.ssl_target_name_override': 'localhost' },
    )
    const stream = client.exchange(new Metadata())
    const error = await new Promise<{ code: number }>(resolve => stream.once('error', resolve))
    client.close()
    assert.equal(error.code, status.UNIMPLEMENTED)
  })

  it('changes its certificates under searches, and fails none', async () => {
    let stop = false
    const statuses: number[] = []
    const searching = (async () => {
      while (!stop) statuses.push((await cluster.search('papers', `balice ${statuses.length}`, { k: 3 })).status)
    })()
    const own = await made.issue()
    await made.write('process')
    await made.write('public', { names: ['127.0.0.1', 'localhost'] })
    const renewed = await readFile(made.pathsOf('process').certificate, 'utf8')
    for (const { address } of internalPorts()) {
      await eventually(async () => (await call(address, own)).certificate?.toString().trim() === renewed.trim())
    }
    // New connections between the processes, with the new certificates.
    await cluster.cluster.restartProcess('shard-1')
    await eventually(() => statuses.length > 20)
    stop = true
    await searching
    assert.deepEqual(new Set(statuses), new Set([200]))
  })
})

describe('a process that would listen beyond this machine', () => {
  const starts: { program: keyof ServicePrograms; settings: Record<string, string>; says: RegExp }[] = [
    {
      program: 'shard',
      settings: { HYPERSHARD_STORE: '/nowhere', HYPERSHARD_SHARD_LISTEN: '0.0.0.0:0' },
      says: /HYPERSHARD_SHARD_LISTEN: 0\.0\.0\.0:0 would be open to any process.*set HYPERSHARD_TLS_CERT/,
    },
    {
      program: 'encoder',
      settings: { HYPERSHARD_MODELS: '/nowhere', HYPERSHARD_ENCODER_LISTEN: '0.0.0.0:0' },
      says: /HYPERSHARD_ENCODER_LISTEN: 0\.0\.0\.0:0 would be open to any process/,
    },
    {
      program: 'coordinator',
      settings: {
        HYPERSHARD_STORE: '/nowhere',
        HYPERSHARD_ENCODER: 'encoder:1',
        HYPERSHARD_SHARD_SERVERS: 'shard:1',
        HYPERSHARD_HTTP_LISTEN: '0.0.0.0:0',
      },
      says: /HYPERSHARD_HTTP_LISTEN: 0\.0\.0\.0:0 would be open to anybody.*set HYPERSHARD_KEYS/,
    },
  ]
  for (const { program, settings, says } of starts) {
    it(`does not start: ${program}`, async () => {
      const env = { ...programEnvironment, ...settings }
      await assert.rejects(run(process.execPath, [servicePrograms[program]], { env }), ({ code, stderr }) => {
        assert.match(stderr, says)
        assert.equal(code, 78)
        return true
      })
    })
  }
})
