import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, quietTelemetry, readConfig } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { RecordingMeter } from '@hypershard/harness'
import { tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { EncoderServiceClient, QueryForm } from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { batchMetrics, encoderMetrics } from './batching/metrics.ts'
import { encoderServiceConfig } from './config.ts'
import { encoderServiceMetrics } from './metrics.ts'
import { type RunningEncoderService, startEncoderService } from './start-encoder-service.ts'

describe('what an encoder service counts', () => {
  let parent: string
  let meter: RecordingMeter
  let service: RunningEncoderService
  let client: EncoderServiceClient
  let modelDigest: string

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-encoder-'))
    const model = await writeTinyModel(parent, { qnet: tinyArchitecture })
    modelDigest = model.digest
    meter = new RecordingMeter()
    const config = readConfig(encoderServiceConfig, {
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: model.path,
      HYPERSHARD_ENCODER_THREADS: '1',
      HYPERSHARD_ENCODER_TOKEN_BUDGET: '1024',
      HYPERSHARD_ENCODER_QUEUE_TOKENS: '1024',
    })
    service = await startEncoderService(config, quietTelemetry({ meter }))
    client = connectClient(EncoderServiceClient, service.addresses.grpc!)
  })

  afterEach(async () => {
    client.close()
    await service.stop()
    await rm(parent, { recursive: true })
  })

  const soon = () => Deadline.after(60_000)

  const encodeQuery = (text: string) => {
    const form = QueryForm.QUERY_FORM_WEIGHTS
    const request = { modelDigest, text, precision: WeightsPrecision.WEIGHTS_PRECISION_F32, form }
    return callUnary(client.encodeQuery.bind(client), request, soon(), 'encoder service')
  }

  const encodeDocuments = (texts: readonly string[]) => {
    const documents = texts.map(text => ({ title: '', text }))
    return callUnary(client.encodeDocuments.bind(client), { modelDigest, documents }, soon(), 'encoder service')
  }

  it('is every metric that it declares, and no other', () => {
    const names = (metrics: readonly { name: string }[]) => metrics.map(({ name }) => name).sort()
    assert.deepEqual(names(meter.opened), names(encoderServiceMetrics))
  })

  it('is each request once, each text and batch by its lane, and the models', async () => {
    await Promise.all(['one', 'two', 'three'].map(encodeQuery))
    await encodeDocuments(['a', 'b c', 'd e f'])
    const { requests, requestSeconds, model } = encoderMetrics
    assert.deepEqual(await meter.by(requests, 'lane'), { document: 1, query: 3 })
    assert.deepEqual(await meter.by(requests, 'outcome'), { encoded: 4 })
    assert.equal(await meter.countOf(requestSeconds), 4)
    const { batchSeconds, batchTexts, batchTokens, texts, tokens, paddedTokens } = batchMetrics
    assert.deepEqual(await meter.by(texts, 'lane'), { document: 3, query: 3, pair: 0 })
    assert.deepEqual(await meter.by(batchTexts, 'lane'), { document: 3, query: 3 })
    assert.deepEqual({ ...(await meter.by(batchTokens, 'lane')), pair: 0 }, await meter.by(tokens, 'lane'))
    assert.equal(await meter.countOf(batchSeconds), await meter.countOf(batchTexts))
    assert.ok((await meter.valueOf(paddedTokens)) >= (await meter.valueOf(tokens)))
    assert.equal(await meter.valueOf(model, { digest: modelDigest }), 1)
  })

  it('is what fails too', async () => {
    const tooLong = Array.from({ length: 33 }, () => 'word '.repeat(3_000))
    await assert.rejects(encodeDocuments(tooLong), { code: 'request_too_large' })
    await encodeQuery('still there')
    const { requests, requestSeconds } = encoderMetrics
    assert.deepEqual(await meter.by(requests, 'outcome'), { encoded: 1, request_too_large: 1 })
    assert.equal(await meter.countOf(requestSeconds), 2)
  })

  it('is told by one that is ready until it drains', async () => {
    await service.requireReady!()
    const stopping = service.stop({ drain: true })
    await assert.rejects(service.requireReady!(), { code: 'unavailable', message: /draining/ })
    await stopping
  })
})
