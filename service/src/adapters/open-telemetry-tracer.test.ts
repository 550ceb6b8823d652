import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { HypershardError, noSpan, silentLogger } from '@hypershard/common'
import { captureLog, eventually, freePort } from '@hypershard/harness'
import { type OtlpReceiver, outlineOf, startOtlpReceiver, treesOf } from '@hypershard/harness/traces'
import { openTracer } from './open-telemetry-tracer.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentOf = (flags: string) => `00-${traceId}-b7ad6b7169203331-${flags}`

describe('the tracer of OpenTelemetry', () => {
  let receiver: OtlpReceiver

  beforeEach(async () => {
    receiver = await startOtlpReceiver()
  })

  afterEach(() => receiver.stop())

  const open = (samplePercent: number) =>
    openTracer({ service: 'coordinator', url: receiver.url, samplePercent: () => samplePercent, log: silentLogger() })

  it('sends a span with its steps, what is said of them, and which process it was', async () => {
    const tracer = open(100)
    const root = tracer.start('request', {
      kind: 'server',
      attributes: { k: 10, share: 0.5, whole: true, plan: 'auto' },
    })
    const step = root.child('encode')
    step.set({ cached: false })
    const call = step.child('call', {}, 'client')
    call.fail(new HypershardError('overloaded', 'told to fail'))
    for (const span of [call, step]) span.end()
    root.record('score', { startMs: 1_000_000, endMs: 1_000_250 })
    root.end()
    await tracer.close()
    assert.equal(outlineOf(treesOf(receiver.spans)), 'request\n  encode\n    call\n  score\n')
    const [request, encode, failed, score] = ['request', 'encode', 'call', 'score'].map(
      name => receiver.spans.find(span => span.name === name)!,
    )
    assert.deepEqual(request!.attributes, { k: 10, share: 0.5, whole: true, plan: 'auto' })
    assert.deepEqual([request!.kind, encode!.kind, failed!.kind], ['server', 'internal', 'client'])
    assert.deepEqual([encode!.failed, failed!.failed, failed!.attributes['error.type']], [false, true, 'overloaded'])
    assert.deepEqual([score!.startMs, score!.endMs, score!.service], [1_000_000, 1_000_250, 'hypershard-coordinator'])
    assert.equal(root.traceId, request!.traceId)
    assert.equal(root.traceparent, `00-${request!.traceId}-${request!.spanId}-01`)
  })

  it('goes on with the trace of a caller who has it sampled, whatever share is sampled here', async () => {
    const tracer = open(0)
    const span = tracer.start('request', { kind: 'server', parent: parentOf('01'), state: 'vendor=1,other=2' })
    assert.deepEqual([span.traceId, span.recording, span.tracestate], [traceId, true, 'vendor=1,other=2'])
    assert.match(span.traceparent!, new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    assert.equal(span.child('step').tracestate, 'vendor=1,other=2')
    span.end()
    await tracer.close()
    assert.deepEqual(
      receiver.spans.map(seen => [seen.traceId, seen.parentId]),
      [[traceId, 'b7ad6b7169203331']],
    )
  })

  it('records nothing of a trace that its caller does not sample, and passes that on', async () => {
    const tracer = open(100)
    const span = tracer.start('request', { kind: 'server', parent: parentOf('00'), state: 'vendor=1' })
    const step = span.child('step')
    assert.deepEqual([span.recording, step.recording, step.traceId], [false, false, traceId])
    assert.deepEqual([step.traceparent, step.tracestate], [parentOf('00'), 'vendor=1'])
    step.record('measured', { startMs: 0, endMs: 1 })
    for (const ended of [step, span]) ended.end()
    await tracer.close()
    assert.deepEqual([receiver.spans.length, receiver.requests], [0, 0])
  })

  for (const parent of [
    '',
    'nonsense',
    parentOf('01').toUpperCase(),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `ff${parentOf('01').slice(2)}`,
  ]) {
    it(`takes a malformed traceparent as none: ${parent.slice(0, 20)}`, () => {
      const span = open(0).start('request', { kind: 'server', parent, state: 'a=1' })
      assert.deepEqual([span.recording, span.tracestate], [false, undefined])
      assert.notEqual(span.traceId, traceId)
    })
  }

  it('makes nothing of a request that it does not sample, and tells other processes nothing', async () => {
    const tracer = open(0)
    assert.equal(tracer.start('request', { kind: 'server' }), noSpan)
    await tracer.close()
  })

  it('samples about the share that it is told of traces that begin here', async () => {
    const tracer = open(25)
    const recorded = Array.from({ length: 2_000 }, () => tracer.start('request', { kind: 'server' }).recording)
    const share = recorded.filter(Boolean).length / recorded.length
    // Twelve standard deviations.
    assert(share > 0.13 && share < 0.37, `${share}`)
    await tracer.close()
  })

  it('links a job with spans of other traces, leaving out what is malformed', async () => {
    const tracer = open(100)
    tracer.start('job', { kind: 'consumer', links: [parentOf('01'), 'nonsense'] }).end()
    await tracer.close()
    assert.deepEqual(
      receiver.spans.map(({ kind, links }) => [kind, links]),
      [['consumer', ['b7ad6b7169203331']]],
    )
  })

  it('says once that the collector is away and once that it is back, and drops what it could not send', async () => {
    const captured = captureLog()
    const port = await freePort()
    const tracer = openTracer({
      service: 'indexer',
      url: `http://127.0.0.1:${port}`,
      samplePercent: () => 100,
      log: captured.log,
      batchMs: 5,
      sendMsMax: 100,
    })
    const trace = () => tracer.start('request', { kind: 'server' }).end()
    const until = (told: number) =>
      eventually(() => {
        trace()
        return captured.lines.length >= told
      })
    await until(1)
    for (let more = 0; more < 5; more++) trace()
    const back = await startOtlpReceiver(port)
    await until(2)
    await tracer.close()
    await back.stop()
    assert.deepEqual(
      captured.lines.map(({ msg, what }) => [msg, what]),
      [
        ['away; the next line comes when it is back', `trace collector http://127.0.0.1:${port}/v1/traces`],
        ['back', `trace collector http://127.0.0.1:${port}/v1/traces`],
      ],
    )
    assert(back.spans.length > 0)
  })

  it('ends although the collector takes what it is sent and never answers', async () => {
    const sockets: Socket[] = []
    const silent = createServer(socket => void sockets.push(socket))
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const bounds = { closeMsMax: 20, sendMsMax: 5_000 }
    const tracer = openTracer({ service: 'indexer', url, samplePercent: () => 100, log: silentLogger(), ...bounds })
    tracer.start('request', { kind: 'server' }).end()
    const order: string[] = []
    const cutOff = () => {
      order.push('cut off')
      for (const socket of sockets) socket.destroy()
      silent.close()
    }
    // Ends a close that waits for the collector.
    const timer = setTimeout(cutOff, 1_500)
    await tracer.close()
    clearTimeout(timer)
    order.push('closed')
    cutOff()
    assert.equal(order[0], 'closed')
  })
})
