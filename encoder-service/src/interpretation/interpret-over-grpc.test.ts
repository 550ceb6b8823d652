import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, quietTelemetry, readConfig } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { writeTinyModel } from '@hypershard/harness/qnets'
import { EncoderServiceClient, QueryForm } from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { encoderServiceConfig } from '../config.ts'
import { startEncoderService } from '../start-encoder-service.ts'

describe('an encoder service that is asked for the pieces of a query', () => {
  it('finds them where the model can, says which models can, and refuses the others', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'hypershard-interpret-'))
    const [plain, able] = [
      await writeTinyModel(parent),
      await writeTinyModel(parent, { name: 'able', hiddenWidth: 8, interprets: true }),
    ]
    const environment = {
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: `${plain.path}, ${able.path}`,
      HYPERSHARD_ENCODER_THREADS: '1',
    }
    const service = await startEncoderService(readConfig(encoderServiceConfig, environment), quietTelemetry())
    const client = connectClient(EncoderServiceClient, service.addresses.grpc!)
    const encode = (modelDigest: string, interpret?: boolean) => {
      const form = QueryForm.QUERY_FORM_TOKEN_STATES
      const request = { modelDigest, text: 'red stars or cold rivers', form, interpret }
      const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
      const deadline = Deadline.after(60_000)
      return callUnary(client.encodeQuery.bind(client), { ...request, precision }, deadline, 'encoder')
    }
    try {
      const { models } = await callUnary(client.listModels.bind(client), {}, Deadline.after(60_000), 'encoder')
      assert.deepEqual(
        models.map(({ interprets }) => interprets),
        [false, true],
      )
      const { interpretation, query } = await encode(able.digest, true)
      const places = interpretation!.pieces.map(({ spans }) => spans.map(({ begin, end }) => [begin, end]))
      assert.deepEqual(places, [[[0, 9]], [[13, 24]]])
      const without = await encode(able.digest)
      assert.equal(without.interpretation, undefined)
      assert.deepEqual(query, without.query)
      await assert.rejects(encode(plain.digest, true), {
        code: 'invalid_request',
        message: /interpret: model tiny has no interpreter; leave it out, or give the model one/,
      })
    } finally {
      client.close()
      await service.stop()
      await rm(parent, { recursive: true })
    }
  })
})
