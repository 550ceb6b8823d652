import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, quietTelemetry, readConfig } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { useSoftwareGpu } from '@hypershard/harness'
import { tinyArchitecture, writeTinyCrossEncoder, writeTinyModel } from '@hypershard/harness/qnets'
import { EncoderServiceClient, QueryForm } from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { encoderServiceConfig } from '../config.ts'
import { type RunningEncoderService, startEncoderService } from '../start-encoder-service.ts'

const texts = ['why do stars twinkle', 'a', 'Rivers carry sand; glaciers carry boulders. '.repeat(9), 'the moon']

/** Real shaders, on a GPU that the CPU plays: seconds of compiling, so that both services are shared. */
describe('an encoder service with webgpu', () => {
  let parent: string
  let digests: { readonly model: string; readonly cross: string }
  const services: RunningEncoderService[] = []
  const clients: EncoderServiceClient[] = []

  before(async function () {
    useSoftwareGpu(this)
    parent = await mkdtemp(join(tmpdir(), 'hypershard-webgpu-'))
    const model = await writeTinyModel(parent, { qnet: tinyArchitecture, bertLayers: 1 })
    const cross = await writeTinyCrossEncoder(parent)
    digests = { model: model.digest, cross: cross.digest }
    for (const device of ['cpu', 'webgpu']) {
      const config = readConfig(encoderServiceConfig, {
        HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
        HYPERSHARD_MODELS: `${model.path},${cross.path}`,
        HYPERSHARD_ENCODER_THREADS: '1',
        HYPERSHARD_ENCODER_DEVICE: device,
        HYPERSHARD_ENCODER_KERNEL: 'fp32',
        HYPERSHARD_ENCODER_TOKEN_BUDGET: '128',
      })
      const service = await startEncoderService(config, quietTelemetry())
      services.push(service)
      clients.push(connectClient(EncoderServiceClient, service.addresses.grpc!))
    }
  })

  after(async () => {
    for (const client of clients) client.close()
    await Promise.all(services.map(service => service.stop()))
    if (parent !== undefined) await rm(parent, { recursive: true })
  })

  const soon = () => Deadline.after(60_000)

  async function documents(client: EncoderServiceClient, wanted: readonly string[]): Promise<Float32Array> {
    const request = { modelDigest: digests.model, documents: wanted.map(text => ({ title: '', text })) }
    const { vectors } = await callUnary(client.encodeDocuments.bind(client), request, soon(), 'encoder')
    return new Float32Array(Uint8Array.from(vectors).buffer)
  }

  async function query(client: EncoderServiceClient, text: string): Promise<Float32Array> {
    const form = QueryForm.QUERY_FORM_WEIGHTS
    const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
    const request = { modelDigest: digests.model, text, form, precision, interpret: false }
    const answer = await callUnary(client.encodeQuery.bind(client), request, soon(), 'encoder')
    assert(answer.query?.$case === 'qnet')
    return new Float32Array(Uint8Array.from(answer.query.value.weights).buffer)
  }

  it('gives documents, queries and pairs nearly what the CPU gives them', async () => {
    const [onCpu, onDevice] = clients as [EncoderServiceClient, EncoderServiceClient]
    assertNear(await documents(onDevice, texts), await documents(onCpu, texts))
    for (const text of texts) assertNear(await query(onDevice, text), await query(onCpu, text))
    const request = { modelDigest: digests.cross, query: 'stars dust', texts }
    const scores = (client: EncoderServiceClient) =>
      callUnary(client.scorePairs.bind(client), request, soon(), 'encoder').then(answer => answer.scores)
    assertNear(await scores(onDevice), await scores(onCpu))
  })

  it('gives a text the same bits whatever is encoded beside it, all lanes at once', async () => {
    const client = clients[1]!
    const [together, ...others] = await Promise.all([
      documents(client, texts),
      ...texts.map(text => query(client, text)),
    ])
    for (const [row, text] of texts.entries()) {
      const alone = await documents(client, [text])
      assert.deepEqual(together!.slice(16 * row, 16 * (row + 1)), alone, text)
      assert.deepEqual(others[row], await query(client, text), text)
    }
  })

  it('says what it encodes documents with', async () => {
    const kernels = await Promise.all(
      clients.map(async client => {
        const { models } = await callUnary(client.listModels.bind(client), {}, soon(), 'encoder')
        return models[0]!.documentKernel
      }),
    )
    assert.deepEqual(kernels, ['fp32', 'fp32-webgpu'])
  })
})

function assertNear(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(found.length, expected.length)
  for (let at = 0; at < expected.length; at++) {
    assert(Math.abs(found[at]! - expected[at]!) < 1e-4, `${at}: ${found[at]} instead of ${expected[at]}`)
  }
}
