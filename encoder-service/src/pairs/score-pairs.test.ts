import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, quietTelemetry, readConfig } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { RecordingMeter } from '@hypershard/harness'
import { writeTinyCrossEncoder, writeTinyModel } from '@hypershard/harness/qnets'
import { EncoderServiceClient, QueryForm } from '@hypershard/proto/encoder'
import { pairsOfCallMax } from '@hypershard/proto/limits'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { batchMetrics, encoderMetrics } from '../batching/metrics.ts'
import { encoderServiceConfig } from '../config.ts'
import { type RunningEncoderService, startEncoderService } from '../start-encoder-service.ts'

describe('an encoder service with a cross-encoder', () => {
  let parent: string
  let service: RunningEncoderService | undefined
  let client: EncoderServiceClient
  let meter: RecordingMeter
  let model: { path: string; digest: string }
  let cross: { path: string; digest: string }

  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-pairs-'))
    model = await writeTinyModel(parent)
    cross = await writeTinyCrossEncoder(parent)
    meter = new RecordingMeter()
    service = await start(`${cross.path}, ${model.path}`, {}, meter)
    client = connectClient(EncoderServiceClient, service.addresses.grpc!)
  })
  after(async () => {
    client?.close()
    await service?.stop()
    await rm(parent, { recursive: true })
  })

  function start(models: string, settings: Record<string, string> = {}, counting = new RecordingMeter()) {
    const config = readConfig(encoderServiceConfig, {
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: models,
      HYPERSHARD_ENCODER_THREADS: '1',
      HYPERSHARD_ENCODER_KERNEL: 'fp32',
      ...settings,
    })
    return startEncoderService(config, quietTelemetry({ meter: counting }))
  }

  const soon = () => Deadline.after(60_000)

  function scorePairs(texts: readonly string[], modelDigest = cross.digest, query = 'stars dust') {
    return callUnary(client.scorePairs.bind(client), { modelDigest, query, texts: [...texts] }, soon(), 'encoder')
  }

  it('lists it apart from the models that indexes are made with', async () => {
    const { models, crossEncoders } = await callUnary(client.listModels.bind(client), {}, soon(), 'encoder')
    assert.deepEqual(
      models.map(({ name }) => name),
      ['tiny'],
    )
    assert.deepEqual(
      crossEncoders.map(({ name, digest, maxTokens, maxQueryTokens, tokenParameters }) => ({
        name,
        digest,
        maxTokens,
        maxQueryTokens,
        tokenParameters,
      })),
      [{ name: 'tiny-cross', digest: cross.digest, maxTokens: 64, maxQueryTokens: 24, tokenParameters: 256 }],
    )
  })

  it('gives each text its score, in order, the same in any call, and tells which were cut', async () => {
    const texts = Array.from({ length: pairsOfCallMax }, (_, at) => `sun ${'dust '.repeat(at)}`)
    const answer = await scorePairs(texts)
    assert.deepEqual([answer.scores.length, answer.queryTruncated], [pairsOfCallMax, false])
    assert.ok(new Set(answer.scores).size > 20)
    assert.deepEqual((await scorePairs(texts.toReversed())).scores, answer.scores.toReversed())
    const cut = answer.truncated.indexOf(true)
    assert.ok(cut > 0)
    assert.deepEqual(answer.truncated.slice(cut), new Array(pairsOfCallMax - cut).fill(true))
    assert.deepEqual((await scorePairs([])).scores, [])
  })

  it('counts pairs in a lane of their own', async () => {
    const before = (await meter.by(batchMetrics.texts, 'lane')).pair ?? 0
    await scorePairs(['sun', 'moon'])
    const { pair, ...others } = await meter.by(batchMetrics.texts, 'lane')
    assert.deepEqual([pair! - before, others], [2, { query: 0, document: 0 }])
    assert.equal(await meter.valueOf(encoderMetrics.model, { digest: cross.digest }), 1)
  })

  it('refuses a model of the other kind, one that is not there, and what is no pair', async () => {
    await assert.rejects(scorePairs(['sun'], model.digest), {
      code: 'invalid_request',
      message: /model tiny is no cross-encoder/,
    })
    await assert.rejects(scorePairs(['sun'], 'ab'.repeat(32)), {
      code: 'model_not_found',
      details: { digest: 'ab'.repeat(32), models: [{ name: 'tiny-cross', digest: cross.digest }] },
    })
    await assert.rejects(scorePairs(['sun'], cross.digest, ' '), {
      code: 'invalid_request',
      message: /query: is empty/,
    })
    await assert.rejects(scorePairs(new Array(pairsOfCallMax + 1).fill('sun')), { code: 'request_too_large' })
    const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
    const query = { modelDigest: cross.digest, text: 'sun', form: QueryForm.QUERY_FORM_WEIGHTS, precision }
    await assert.rejects(callUnary(client.encodeQuery.bind(client), query, soon(), 'encoder'), {
      code: 'invalid_request',
      message: /tiny-cross is a cross-encoder, which encodes nothing alone/,
    })
  })

  it('does not start with a batch smaller than a pair, or with the same one twice', async () => {
    await assert.rejects(start(cross.path, { HYPERSHARD_ENCODER_TOKEN_BUDGET: '63' }), {
      code: 'invalid_config',
      message: /63 is less than one text of model tiny-cross; set at least 64/,
    })
    await assert.rejects(start(`${cross.path},${cross.path}`), { code: 'invalid_config', message: /stands twice/ })
  })

  it('may have cross-encoders alone', async () => {
    const alone = await start(cross.path)
    const own = connectClient(EncoderServiceClient, alone.addresses.grpc!)
    try {
      const pairs = { modelDigest: cross.digest, query: 'sun', texts: ['sun'] }
      const { scores } = await callUnary(own.scorePairs.bind(own), pairs, soon(), 'encoder')
      assert.equal(scores.length, 1)
    } finally {
      own.close()
      await alone.stop()
    }
  })
})
