import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeTinyModel } from '@hypershard/harness/qnets'
import { loadModelDirectory } from '@hypershard/qnet'
import { minilmPath } from '../testing/minilm-reference.ts'
import { cosineMin, kernelFor, speedUpMin } from './choose-kernel.ts'
import { DocumentModel } from './document-model.ts'

const texts = [
  'why do stars twinkle',
  'a',
  'Rivers carry sand; glaciers carry boulders. '.repeat(9),
  'Glaciers carry sand; rivers carry boulders. '.repeat(9),
  'the moon',
]

describe('the kernel of documents', () => {
  it('is int8 where that is faster and alike, and fp32 where it is not', () => {
    assert.equal(kernelFor({ cosine: 1, speedUp: speedUpMin }), 'int8')
    assert.equal(kernelFor({ cosine: cosineMin, speedUp: 2 }), 'int8')
    assert.equal(kernelFor({ cosine: 1, speedUp: speedUpMin - 0.01 }), 'fp32')
    assert.equal(kernelFor({ cosine: cosineMin - 0.001, speedUp: 3 }), 'fp32')
    assert.equal(kernelFor({ cosine: Number.NaN, speedUp: 3 }), 'fp32')
  })

  it('gives vectors in int8 that are like those in fp32, and the same bits in any batch', async () => {
    const directory = await loadModelDirectory(minilmPath)
    const int8 = await DocumentModel.open(directory, { threads: 2, kernel: 'int8' })
    const fp32 = await DocumentModel.open(directory, { threads: 2, kernel: 'fp32' })
    assert.deepEqual([int8.loaded.kernel, fp32.loaded.kernel], ['int8', 'fp32'])
    const ids = int8.tokenizeDocuments(texts).map(text => text.ids)
    const [together, expected] = [await int8.encodeDocuments(ids), await fp32.encodeDocuments(ids)]
    for (const row of ids.keys()) {
      const vector = together.slice(384 * row, 384 * (row + 1))
      assert.deepEqual(await int8.encodeDocuments([ids[row]!]), vector, `"${texts[row]}" alone`)
      const cosine = vector.reduce((sum, value, at) => sum + value * expected[384 * row + at]!, 0)
      assert(cosine > 0.998 && cosine < 0.9999999, `"${texts[row]}": ${cosine}`)
    }
  })

  it('is chosen by a measurement when none is set, which is told', async () => {
    const directory = await loadModelDirectory(minilmPath)
    const { kernel, choice } = (await DocumentModel.open(directory, { threads: 2, kernel: 'auto' })).loaded
    const [, speedUp, cosine] = /^int8 ([\d.]+) times as fast as fp32, least cosine ([\d.]+)$/.exec(choice)!
    assert.equal(kernel, kernelFor({ speedUp: Number(speedUp), cosine: Number(cosine) }))
  })

  it('cannot be int8 for a graph without products; when none is set, that one stays fp32', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'hypershard-kernel-'))
    try {
      const directory = await loadModelDirectory((await writeTinyModel(parent)).path)
      const { loaded } = await DocumentModel.open(directory, { threads: 1, kernel: 'auto' })
      assert.deepEqual([loaded.kernel, loaded.choice], ['fp32', 'encoder.onnx has no int8 form'])
      await assert.rejects(DocumentModel.open(directory, { threads: 1, kernel: 'int8' }), {
        code: 'invalid_config',
        message: /HYPERSHARD_ENCODER_KERNEL: no int8 for model tiny: encoder\.onnx has no int8 form; set auto or fp32/,
      })
    } finally {
      await rm(parent, { recursive: true })
    }
  })
})
