import assert from 'node:assert/strict'
import { Client, loadPackageDefinition, Metadata, type ServiceClientConstructor, status } from '@grpc/grpc-js'
import { captureLog } from '@hypershard/harness'
import { service as healthService, protoPath } from 'grpc-health-check'
import { HypershardError } from '../errors/hypershard-error.ts'
import { silentLogger } from '../logging.ts'
import { Deadline } from '../time/deadline.ts'
import { waitWithin } from '../time/wait-within.ts'
import { callUnary, type UnaryMethod } from './call.ts'
import { messageBytesMax } from './channel-options.ts'
import { connectClient, plainCredentials } from './credentials.ts'
import { type UnaryWork, unaryHandler } from './handlers.ts'
import { type GrpcServer, startGrpcServer } from './server.ts'

interface Echo {
  text: Buffer
}

/** A service of one method on raw bytes: what is tested is the plumbing. */
const definition = {
  echo: {
    path: '/test.EchoService/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: ({ text }: Echo) => text,
    requestDeserialize: (text: Buffer) => ({ text }),
    responseSerialize: ({ text }: Echo) => text,
    responseDeserialize: (text: Buffer) => ({ text }),
  },
} as const

/** What a server answers to `list_services`, field 7 of the request, as text. */
function reflected(client: Client, version: string): Promise<string> {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
  const same = (bytes: Buffer) => bytes
  const call = client.makeBidiStreamRequest(path, same, same)
  return new Promise<string>((resolve, reject) => {
    call.on('data', (answer: Buffer) => resolve(answer.toString('latin1')))
    call.on('error', reject)
    call.write(Buffer.from([0x3a, 0x00]))
    call.end()
  })
}

describe('a gRPC server', () => {
  let server: GrpcServer
  const closing: (() => void)[] = []

  async function start(work: UnaryWork<Echo, Echo>, log = silentLogger(), protoFiles = [protoPath]) {
    server = await startGrpcServer({
      address: '127.0.0.1:0',
      credentials: plainCredentials.server,
      services: [{ definition, implementation: { echo: unaryHandler(work, { log }) } }],
      protoFiles,
      protoDirectory: '/',
      drainMs: 200,
    })
    const client = connectClient(Client, server.address)
    closing.push(() => client.close())
    const { path, requestSerialize, responseDeserialize } = definition.echo
    const method: UnaryMethod<Echo, Echo> = (request, metadata, options, callback) =>
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        (error, answer) => callback(error, answer ?? { text: Buffer.alloc(0) }),
      )
    return {
      client,
      echo: (text: string | Buffer, deadline = Deadline.after(60_000)) =>
        callUnary(method, { text: Buffer.from(text) }, deadline, 'echo'),
    }
  }

  afterEach(async () => {
    for (const close of closing.splice(0)) close()
    await server?.stop()
  })

  it('answers, with the message and window limits set for q-nets of 14 MB', async () => {
    const { echo } = await start(async request => request)
    const large = Buffer.alloc(40 * 1024 * 1024, 7)
    assert.equal((await echo(large)).text.equals(large), true)
  })

  for (const version of ['v1', 'v1alpha']) {
    it(`lists its services by reflection ${version}`, async () => {
      const { client } = await start(async request => request)
      assert.match(await reflected(client, version), /grpc\.health\.v1\.Health/)
    })
  }

  it('fails a call of reflection alone where its .proto files are gone, and serves on', async () => {
    const { client, echo } = await start(async request => request, silentLogger(), ['/nowhere/gone.proto'])
    await assert.rejects(reflected(client, 'v1'), { code: status.UNKNOWN })
    assert.equal((await echo('x')).text.toString(), 'x')
  })

  it('refuses a message over the limit with a typed error', async () => {
    const { echo } = await start(async request => request)
    await assert.rejects(echo(Buffer.alloc(messageBytesMax + 1)), { code: 'request_too_large' })
  })

  it('carries the code and the details of a failure', async () => {
    const { echo } = await start(async () => {
      throw new HypershardError('index_not_found', 'index `ä` does not exist', { details: { index: 'ä' } })
    })
    await assert.rejects(echo('x'), {
      code: 'index_not_found',
      message: 'index `ä` does not exist',
      details: { index: 'ä' },
    })
  })

  it('reports a defect as internal without its message', async () => {
    const { echo } = await start(async () => {
      throw new TypeError('secret')
    })
    await assert.rejects(
      echo('x'),
      (error: HypershardError) => error.code === 'internal' && !error.message.includes('secret'),
    )
  })

  it('refuses a call without a deadline', async () => {
    const { client } = await start(async request => request)
    const { requestSerialize, responseDeserialize, path } = definition.echo
    const error = await new Promise<{ code: number } | null>(resolve => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { text: Buffer.alloc(1) },
        new Metadata(),
        {},
        resolve,
      )
    })
    assert.equal(error?.code, status.INVALID_ARGUMENT)
  })

  it('hands the deadline on and ends the call at it', async () => {
    let remainingMs = 0
    const ended = Promise.withResolvers<void>()
    const { echo } = await start(async (_, { deadline }) => {
      remainingMs = deadline.remainingMs
      await ended.promise
      return { text: Buffer.alloc(0) }
    })
    await assert.rejects(echo('x', Deadline.after(500)), { code: 'deadline_exceeded' })
    ended.resolve()
    assert(remainingMs > 0 && remainingMs <= 500)
  })

  it('gives the work a log whose lines say which method was called', async () => {
    const captured = captureLog()
    const { echo } = await start(async (request, { log }) => {
      log.info('told')
      return request
    }, captured.log)
    await echo('x')
    const told = captured.lines.map(({ msg, method }) => ({ msg, method }))
    assert.deepEqual(told, [{ msg: 'told', method: definition.echo.path }])
  })

  it('tells the work that its caller has gone', async () => {
    const caller = new AbortController()
    const cancelled = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const { echo } = await start(async (request, { deadline }) => {
      deadline.signal.addEventListener('abort', () => cancelled.resolve())
      started.resolve()
      await cancelled.promise
      return request
    })
    const call = echo('x', Deadline.after(60_000, { signal: caller.signal }))
    await started.promise
    caller.abort()
    await assert.rejects(call, { code: 'cancelled' })
    await waitWithin(cancelled.promise, Deadline.after(5_000), 'the work to be told')
  })

  it('says that a peer is unavailable when nobody listens', async () => {
    const { echo } = await start(async request => request)
    await server.stop()
    await assert.rejects(echo('x'), { code: 'unavailable' })
  })

  it('is healthy until told otherwise, for each service', async () => {
    await start(async request => request)
    const Health = loadPackageDefinition({ HealthService: healthService }).HealthService as ServiceClientConstructor
    const health = connectClient(Health, server.address)
    closing.push(() => health.close())
    const check = (service: string) =>
      new Promise<string>((resolve, reject) => {
        health.check!({ service }, (error: Error | null, answer: { status: string }) =>
          error ? reject(error) : resolve(answer.status),
        )
      })
    assert.deepEqual([await check(''), await check('test.EchoService')], ['SERVING', 'SERVING'])
    server.setServing(false)
    assert.deepEqual([await check(''), await check('test.EchoService')], ['NOT_SERVING', 'NOT_SERVING'])
  })

  it('says which port is taken', async () => {
    await start(async request => request)
    const again = startGrpcServer({
      address: server.address,
      credentials: plainCredentials.server,
      services: [],
      protoFiles: [],
      protoDirectory: '/',
      drainMs: 0,
    })
    await assert.rejects(again, { code: 'address_in_use', message: new RegExp(server.address) })
  })
})
