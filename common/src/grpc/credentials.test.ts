import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { ChannelCredentials, Client } from '@grpc/grpc-js'
import { captureLog } from '@hypershard/harness'
import { type CertificatePaths, type IssueOptions, TestCertificates } from '@hypershard/harness/certificates'
import { silentLogger } from '../logging.ts'
import { Deadline } from '../time/deadline.ts'
import { WatchedCertificates } from '../tls/watched-certificates.ts'
import { callUnary, type UnaryMethod } from './call.ts'
import { clientOptions } from './channel-options.ts'
import {
  connectClient,
  openProcessCredentials,
  type ProcessCredentials,
  plainCredentials,
  publicServerCredentials,
} from './credentials.ts'
import { unaryHandler } from './handlers.ts'
import { type GrpcServer, startGrpcServer } from './server.ts'

const bytes = { requestSerialize: Buffer.from, responseDeserialize: Buffer.from }
const definition = {
  echo: {
    path: '/test.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestDeserialize: Buffer.from,
    responseSerialize: Buffer.from,
    ...bytes,
  },
} as const

const log = silentLogger()

describe('credentials of processes', () => {
  let made: TestCertificates
  const closing: (() => unknown)[] = []

  before(async () => {
    made = await TestCertificates.make()
  })

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  after(() => made.remove())

  it('wait a bounded time for who begins no handshake', async () => {
    const certificates = await WatchedCertificates.open(publicFiles(await made.write('silent')), log)
    closing.push(() => certificates.close())
    const { address } = await serve(publicServerCredentials(certificates, 40))
    const socket = connectSocket(Number(address.split(':')[1]), '127.0.0.1')
    closing.push(() => socket.destroy())
    socket.on('error', () => undefined)
    // Long before Node would end it by itself.
    await once(socket, 'close', { signal: AbortSignal.timeout(15_000) })
  })

  async function open(name: string, options: IssueOptions = {}): Promise<ProcessCredentials> {
    const credentials = await openProcessCredentials(await made.settings(name, options), log)
    closing.push(() => credentials.close())
    return credentials
  }

  async function serve(credentials: GrpcServerCredentials, work = async (text: Buffer) => text): Promise<GrpcServer> {
    const server = await startGrpcServer({
      address: '127.0.0.1:0',
      credentials,
      services: [{ definition: definition as never, implementation: { echo: unaryHandler(work, { log }) } }],
      protoFiles: [],
      protoDirectory: '/',
      drainMs: 0,
    })
    closing.push(() => server.stop())
    return server
  }

  type GrpcServerCredentials = ProcessCredentials['server']

  function asking(client: Client): (text: string) => Promise<string> {
    closing.push(() => client.close())
    const method: UnaryMethod<Buffer, Buffer> = (request, metadata, options, done) =>
      client.makeUnaryRequest(
        ...([definition.echo.path, bytes.requestSerialize, bytes.responseDeserialize, request, metadata] as const),
        ...([options, done as never] as const),
      )
    return async text => (await callUnary(method, Buffer.from(text), Deadline.after(10_000), 'shard server')).toString()
  }

  const connect = (address: string, credentials: ProcessCredentials) =>
    asking(connectClient(Client, address, { credentials, options: clientOptions }))

  /** A client that does not check what it shows, unlike those of the cluster. */
  async function stranger(address: string, paths?: CertificatePaths) {
    const [key, certificate] =
      paths === undefined ? [] : await Promise.all([readFile(paths.key), readFile(paths.certificate)])
    const credentials = ChannelCredentials.createSsl(Buffer.from(made.ca), key ?? null, certificate ?? null)
    const named = { ...clientOptions, 'grpc.ssl_target_name_override': 'hypershard.internal' }
    return asking(new Client(address, credentials, named))
  }

  it('let processes of one cluster call each other', async () => {
    const { address } = await serve((await open('server')).server)
    assert.equal(await connect(address, await open('client'))('ping'), 'ping')
    assert.equal(await (await stranger(address, made.pathsOf('client')))('ping'), 'ping')
  })

  const strangers: { title: string; options?: IssueOptions }[] = [
    { title: 'no certificate' },
    { title: 'a certificate of another CA', options: { foreign: true } },
    { title: 'a certificate that has expired', options: { days: -1 } },
  ]
  for (const { title, options } of strangers) {
    it(`keep out a client with ${title}`, async () => {
      let calls = 0
      const { address } = await serve((await open('server')).server, async text => {
        calls++
        return text
      })
      const paths = options === undefined ? undefined : await made.write('stranger', options)
      await assert.rejects((await stranger(address, paths))('ping'), { code: 'unavailable' })
      assert.equal(calls, 0)
    })
  }

  it('keep out a client that speaks plainly', async () => {
    const { address } = await serve((await open('server')).server)
    await assert.rejects(connect(address, plainCredentials)('ping'), { code: 'unavailable' })
  })

  it('send nothing to a server that speaks plainly', async () => {
    const { address } = await serve(plainCredentials.server)
    await assert.rejects(connect(address, await open('client'))('ping'), { code: 'unavailable' })
  })

  const servers: { title: string; options: IssueOptions; says?: RegExp }[] = [
    { title: 'the name of all processes', options: { names: ['hypershard.internal'] } },
    { title: 'the address that it is called by', options: { names: ['127.0.0.1'] } },
    { title: 'another address', options: { names: ['127.0.0.2'] }, says: /certificate is for IP Address:127\.0\.0\.2/ },
    {
      title: 'another name',
      options: { names: ['mail.example.com'] },
      says: /neither for 127\.0\.0\.1 nor for DNS:hyper/,
    },
    {
      title: 'a wildcard above the name',
      options: { names: ['*.internal2'] },
      says: /certificate is for DNS:\*\.internal2/,
    },
  ]
  for (const { title, options, says } of servers) {
    it(`${says === undefined ? 'believe' : 'do not believe'} a server whose certificate is for ${title}`, async () => {
      const { address } = await serve((await open('server', options)).server)
      const call = connect(address, await open('client'))('ping')
      if (says === undefined) assert.equal(await call, 'ping')
      else await assert.rejects(call, { code: 'unavailable', message: says })
    })
  }

  it('do not believe a server of another CA', async () => {
    const foreign = await WatchedCertificates.open(publicFiles(await made.write('foreign', { foreign: true })), log)
    closing.push(() => foreign.close())
    const { address } = await serve(publicServerCredentials(foreign))
    await assert.rejects(connect(address, await open('client'))('ping'), {
      code: 'unavailable',
      message: /certificate/,
    })
  })

  it('ask clients of the public port for no certificate', async () => {
    const certificates = await WatchedCertificates.open(publicFiles(await made.write('public')), log)
    closing.push(() => certificates.close())
    const { address } = await serve(publicServerCredentials(certificates))
    assert.equal(await (await stranger(address))('ping'), 'ping')
    await assert.rejects(connect(address, plainCredentials)('ping'), { code: 'unavailable' })
  })

  it('change under calls that run, and fail none', async () => {
    const files = await made.write('public')
    const certificates = await WatchedCertificates.open(publicFiles(files), log)
    closing.push(() => certificates.close())
    let release = Promise.withResolvers<void>()
    const { address } = await serve(publicServerCredentials(certificates), async text => {
      await release.promise
      return text
    })
    const standing = await stranger(address)
    const running = Array.from({ length: 20 }, (_, at) => standing(`${at}`))
    await made.write('public', { names: ['renewed.example.com'] })
    await certificates.reread()
    release.resolve()
    assert.deepEqual(
      await Promise.all(running),
      running.map((_, at) => `${at}`),
    )
    release = Promise.withResolvers<void>()
    release.resolve()
    assert.equal(await standing('on the connection that stands'), 'on the connection that stands')
    await assert.rejects((await stranger(address))('ping'), { message: /renewed\.example\.com/ })
  })

  const incomplete: { has: ('CERT' | 'KEY' | 'CA')[]; says: RegExp }[] = [
    { has: ['CERT'], says: /HYPERSHARD_TLS_KEY and HYPERSHARD_TLS_CA: missing/ },
    { has: ['CERT', 'KEY'], says: /HYPERSHARD_TLS_CA: missing/ },
    { has: ['CA'], says: /HYPERSHARD_TLS_CERT and HYPERSHARD_TLS_KEY: missing/ },
  ]
  for (const { has, says } of incomplete) {
    it(`need all three files, not ${has.join(' and ')} alone`, async () => {
      const all = await made.settings('some')
      const some = Object.fromEntries(has.map(name => [`HYPERSHARD_TLS_${name}`, all[`HYPERSHARD_TLS_${name}`]]))
      const none = { HYPERSHARD_TLS_CERT: undefined, HYPERSHARD_TLS_KEY: undefined, HYPERSHARD_TLS_CA: undefined }
      await assert.rejects(openProcessCredentials({ ...none, ...some }, log), { code: 'invalid_config', message: says })
    })
  }

  it('never write a key to the log', async () => {
    const { log: captured, lines } = captureLog()
    const credentials = await openProcessCredentials(await made.settings('told'), captured)
    credentials.close()
    assert.match(JSON.stringify(lines), /expiresAt/)
    assert.doesNotMatch(JSON.stringify(lines), /PRIVATE KEY/)
  })
})

function publicFiles({ certificate, key }: CertificatePaths) {
  return { certificate: { name: 'CERT', path: certificate }, key: { name: 'KEY', path: key } }
}
