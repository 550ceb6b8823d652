import assert from 'node:assert/strict'
import { Client, Metadata } from '@grpc/grpc-js'
import { captureLog } from '@hypershard/harness'
import { RecordingTracer } from '@hypershard/harness/traces'
import { protoPath } from 'grpc-health-check'
import { HypershardError } from '../errors/hypershard-error.ts'
import { silentLogger } from '../logging.ts'
import { RequestContext } from '../request-context.ts'
import { noSpan, type Span } from '../telemetry/tracing.ts'
import { Deadline } from '../time/deadline.ts'
import { callUnary, type UnaryMethod } from './call.ts'
import { connectClient, plainCredentials } from './credentials.ts'
import { unaryHandler } from './handlers.ts'
import { type GrpcServer, startGrpcServer } from './server.ts'

const asIs = {
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
}
const definition = {
  echo: { path: '/test.EchoService/Echo', requestStream: false, responseStream: false, ...asIs },
} as const

describe('what a call tells of the request that it is made for', () => {
  let server: GrpcServer
  let client: Client
  let tracer: RecordingTracer
  let seen: RequestContext | undefined
  const captured = captureLog()

  async function start(isPublic: boolean): Promise<void> {
    tracer = new RecordingTracer()
    const echo = unaryHandler(
      async (request: Buffer, context) => {
        seen = context
        context.log.info('told')
        if (request.toString() === 'fail') throw new HypershardError('overloaded', 'told to fail')
        return request
      },
      { log: captured.log, tracer, isPublic },
    )
    server = await startGrpcServer({
      address: '127.0.0.1:0',
      credentials: plainCredentials.server,
      services: [{ definition, implementation: { echo } }],
      protoFiles: [protoPath],
      protoDirectory: '/',
      drainMs: 200,
    })
    client = connectClient(Client, server.address)
  }

  afterEach(async () => {
    client.close()
    await server.stop()
    captured.lines.length = 0
  })

  function call(text: string, of: { requestId?: string; trace?: Span } | undefined): Promise<Buffer> {
    const { path, requestSerialize, responseDeserialize } = definition.echo
    const method: UnaryMethod<Buffer, Buffer> = (request, metadata, options, done) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, done as never)
    const deadline = Deadline.after(60_000)
    const caller = of === undefined ? deadline : new RequestContext({ deadline, log: silentLogger(), ...of })
    return callUnary(method, Buffer.from(text), caller, 'echo')
  }

  it('is its id and its span, which the server goes on with and its log names', async () => {
    await start(false)
    const trace = new RecordingTracer().start('of the caller', { kind: 'server' })
    await call('x', { requestId: 'r-1', trace })
    assert.equal(seen?.requestId, 'r-1')
    const [span] = tracer.ended
    assert.deepEqual([span?.traceId, `00-${span?.traceId}-${span?.parentId}-01`], [trace.traceId, trace.traceparent])
    assert.deepEqual([span?.name, span?.kind, span?.failed], ['test.EchoService/Echo', 'server', false])
    const [{ requestId, traceId }] = captured.lines as [Record<string, unknown>]
    assert.deepEqual([requestId, traceId], ['r-1', trace.traceId])
  })

  it('is nothing where no request is behind it: then the server traces nothing', async () => {
    await start(false)
    for (const request of [undefined, {}]) await call('x', request)
    assert.deepEqual([seen?.requestId, seen?.trace, tracer.ended.length], ['', noSpan, 0])
    assert.deepEqual(Object.keys(captured.lines[0]!).sort(), ['level', 'method', 'msg'])
  })

  it('is made where requests begin, also in place of an id that cannot be used', async () => {
    await start(true)
    for (const requestId of ['', 'has spaces', `long ${'x'.repeat(200)}`]) {
      await call('x', { requestId })
      assert.match(seen!.requestId, /^[0-9a-f-]{36}$/)
    }
    assert.equal(tracer.ended.length, 3)
  })

  it('is answered where requests begin, by a call that fails as well', async () => {
    await start(true)
    for (const text of ['x', 'fail']) {
      const { path, requestSerialize, responseDeserialize } = definition.echo
      const metadata = new Metadata()
      metadata.set('x-request-id', `mine ${text}`.replace(' ', '-'))
      const how = { deadline: Date.now() + 60_000 }
      const request = Buffer.from(text)
      const answered = await new Promise<Metadata>(resolve => {
        const made = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          how,
          () => {},
        )
        made.on('metadata', resolve)
      })
      assert.deepEqual(answered.get('x-request-id'), [`mine-${text}`])
    }
  })

  it('ends the span of a call that fails, and says why', async () => {
    await start(true)
    await assert.rejects(call('fail', {}), { code: 'overloaded' })
    assert.deepEqual(
      tracer.ended.map(({ failed, attributes }) => [failed, attributes.failure]),
      [[true, 'told to fail']],
    )
  })
})
