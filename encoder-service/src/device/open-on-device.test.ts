import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeTinyCrossEncoder, writeTinyModel } from '@hypershard/harness/qnets'
import { loadCrossEncoderDirectory, loadModelDirectory, type ModelDirectory } from '@hypershard/qnet'
import { DocumentModel } from '../encoding/document-model.ts'
import type { Lane } from '../encoding/lane.ts'
import { QueryModel } from '../encoding/query-model.ts'
import { PairModel } from '../pairs/pair-model.ts'
import { sharedTurns } from './device-turns.ts'
import { EncodingDevice, type OpenGraph } from './encoding-device.ts'

const texts = ['why do stars twinkle', 'a', 'Rivers carry sand; glaciers carry boulders. '.repeat(3)]

/** onnxruntime's CPU as a device, whose results can be harmed. */
class TestDevice extends EncodingDevice {
  #harm: (values: Float32Array) => void

  constructor(lane: Lane, harm: (values: Float32Array) => void = () => undefined) {
    super({ provider: { name: 'cpu', number: 0 }, runTokens: 128, turns: sharedTurns() }, lane)
    this.#harm = harm
  }

  override async open(graph: Uint8Array): Promise<OpenGraph> {
    const opened = await super.open(graph)
    return {
      ...opened,
      run: async (feeds, names) => {
        const outputs = await opened.run(feeds, names)
        for (const output of Object.values(outputs)) this.#harm(output.data as Float32Array)
        return outputs
      },
    }
  }
}

describe('a model on a device', () => {
  let parent: string
  let directory: ModelDirectory
  let cross: Awaited<ReturnType<typeof loadCrossEncoderDirectory>>
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-on-device-'))
    directory = await loadModelDirectory((await writeTinyModel(parent, { bertLayers: 1 })).path)
    cross = await loadCrossEncoderDirectory((await writeTinyCrossEncoder(parent)).path)
  })
  after(() => rm(parent, { recursive: true }))

  const openDocuments = (device?: EncodingDevice, kernel: 'auto' | 'int8' = 'auto') =>
    DocumentModel.open(directory, { threads: 1, kernel, device })

  it('gives documents what the CPU gives them, and says what it computes with', async () => {
    const model = await openDocuments(new TestDevice('document'))
    assert.equal(model.loaded.kernel, 'fp32-cpu')
    assert.match(model.loaded.choice, /least cosine with the CPU 1\.0000/)
    const onCpu = await DocumentModel.open(directory, { threads: 1, kernel: 'fp32' })
    const ids = model.tokenizeDocuments(texts).map(text => text.ids)
    const [found, expected] = [await model.encodeDocuments(ids), await onCpu.encodeDocuments(ids)]
    for (const [at, value] of expected.entries()) assert(Math.abs(found[at]! - value) < 1e-5, `${at}`)
  })

  it('does not start on a device that gives something else, or gives nothing', async () => {
    const unlike = {
      code: 'invalid_config',
      message: /^HYPERSHARD_ENCODER_DEVICE cpu: model tiny does not run there: its token states are unlike the CPU's/,
    }
    const noise = (values: Float32Array) => values.set(values.map((value, at) => value + (at % 3)))
    await assert.rejects(openDocuments(new TestDevice('document', noise)), unlike)
    await assert.rejects(QueryModel.open(directory, { threads: 1, device: new TestDevice('query', noise) }), unlike)
    const turned = new TestDevice('pair', values => values.set(values.map(value => value + 1)))
    await assert.rejects(PairModel.open(cross, { threads: 1, device: turned }), {
      code: 'invalid_config',
      message: /model tiny-cross does not run there: it scores a pair .* where the CPU scores it/,
    })
    const full = new TestDevice('document', () => {
      throw new Error('out of memory\nin a file')
    })
    await assert.rejects(openDocuments(full), { message: /does not run there: out of memory; set .* to cpu$/ })
  })

  it('has no int8', async () => {
    const message = /HYPERSHARD_ENCODER_KERNEL: int8 is the CPU's alone, and HYPERSHARD_ENCODER_DEVICE is set/
    await assert.rejects(openDocuments(new TestDevice('document'), 'int8'), { code: 'invalid_config', message })
  })

  it('is lost where a run fails once it has started', async () => {
    const device = new EncodingDevice(
      { provider: { name: 'cpu', number: 0 }, runTokens: 128, turns: sharedTurns() },
      'query',
    )
    const graph = await device.open(directory.files.get('encoder.onnx')!)
    await assert.rejects(graph.run({}, ['token_states']), (error: Error) => error.constructor === Error)
    device.noteStarted()
    await assert.rejects(graph.run({}, ['token_states']), { code: 'unavailable', message: /device is lost/ })
  })
})
