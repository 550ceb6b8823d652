import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { Deadline, quietTelemetry, readConfig } from '@hypershard/common'
import { callUnary, connectClient, type UnaryMethod } from '@hypershard/common/grpc'
import { RecordingMeter } from '@hypershard/harness'
import { writeTinyModel } from '@hypershard/harness/qnets'
import { EncoderServiceClient, QueryForm } from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { service as healthService } from 'grpc-health-check'
import { encoderMetrics } from '../batching/metrics.ts'
import { encoderServiceConfig } from '../config.ts'
import { startEncoderService } from '../start-encoder-service.ts'

const soon = () => Deadline.after(30_000)

describe('HYPERSHARD_ENCODER_DEVICE', () => {
  let parent: string
  let path: string
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-encoder-device-'))
    path = (await writeTinyModel(parent)).path
  })
  after(() => rm(parent, { recursive: true }))

  function settingsOf(settings: Record<string, string>) {
    return readConfig(encoderServiceConfig, {
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: path,
      HYPERSHARD_ENCODER_THREADS: '1',
      ...settings,
    })
  }

  const start = (settings: Record<string, string>) => startEncoderService(settingsOf(settings), quietTelemetry())

  it('ends the start where the device does not work, or there is no such', async () => {
    // No machine has so many; where one has the provider and the driver, it says so.
    const missing = {
      code: 'invalid_config',
      message: /^HYPERSHARD_ENCODER_DEVICE cuda:99 does not work here: .* to cpu$/,
    }
    await assert.rejects(start({ HYPERSHARD_ENCODER_DEVICE: 'cuda:99' }), missing)
    assert.throws(() => settingsOf({ HYPERSHARD_ENCODER_DEVICE: 'gpu' }), /must be cpu, webgpu, cuda/)
  })

  it('makes the service say that it serves no more once the device is lost, and ends it', async () => {
    const meter = new RecordingMeter()
    const dying = Promise.withResolvers<{ readonly error: Error; readonly atOnce: boolean | undefined }>()
    const service = await startEncoderService(
      settingsOf({ HYPERSHARD_ENCODER_DEVICE: 'webgpu' }),
      quietTelemetry({ meter }),
      (error, how) => dying.resolve({ error, atOnce: how?.atOnce }),
      new URL('../testing/lost-device-worker.ts', import.meta.url),
    )
    const client = connectClient(EncoderServiceClient, service.addresses.grpc!)
    const Health = loadPackageDefinition({ Health: healthService }).Health as ServiceClientConstructor
    const health = connectClient(Health, service.addresses.grpc!)
    const check = (health.check as unknown as UnaryMethod<{ service: string }, { status: string }>).bind(health)
    const status = async () => (await callUnary(check, { service: '' }, soon(), 'encoder')).status
    const list = () => callUnary(client.listModels.bind(client), {}, soon(), 'encoder')
    const lost = { code: 'unavailable', message: /device is lost: told to fail/ }
    try {
      assert.equal(await status(), 'SERVING')
      assert.equal((await list()).models.length, 1)
      assert.equal(await meter.valueOf(encoderMetrics.deviceInfo, { device: 'webgpu' }), 1)
      const form = QueryForm.QUERY_FORM_WEIGHTS
      const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
      const query = { modelDigest: '', text: 'stars', form, precision, interpret: false }
      const waiting = assert.rejects(callUnary(client.encodeQuery.bind(client), query, soon(), 'encoder'), lost)
      const documents = { modelDigest: '', documents: [{ title: '', text: 'stars' }] }
      await assert.rejects(callUnary(client.encodeDocuments.bind(client), documents, soon(), 'encoder'), lost)
      await waiting
      await assert.rejects(list(), lost)
      assert.equal(await status(), 'NOT_SERVING')
      assert.equal(await meter.valueOf(encoderMetrics.deviceLost, {}), 1)
      await assert.rejects(service.requireReady!(), lost)
      const { error, atOnce } = await dying.promise
      assert.match(error.message, /told to fail/)
      assert.equal(atOnce, true)
    } finally {
      client.close()
      health.close()
      await service.stop()
    }
  })
})
