import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { ModelFile } from '@hypershard/proto/encoder'
import type { LoadedModel } from '../encoding/worker-protocol.ts'
import { readModelFile } from './read-model-file.ts'

const hyperHead = ModelFile.MODEL_FILE_HYPER_HEAD

describe('readModelFile', () => {
  let parent: string
  let model: LoadedModel

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-model-file-'))
    model = await loaded(tinyArchitecture)
  })

  afterEach(() => rm(parent, { recursive: true }))

  async function loaded(qnet: 'pooled' | typeof tinyArchitecture): Promise<LoadedModel> {
    const name = qnet === 'pooled' ? 'pooled' : 'tiny'
    return {
      ...(await writeTinyModel(parent, { name, qnet })),
      languages: [],
      bytes: 1,
      interprets: false,
      kernel: 'fp32',
      choice: '',
    }
  }

  for (const [file, name] of [
    [ModelFile.MODEL_FILE_MODEL_JSON, 'model.json'],
    [hyperHead, 'hyper-head.safetensors'],
  ] as const) {
    it(`gives ${name}, from an offset and nothing behind its end`, async () => {
      const whole = await readFile(join(model.path, name))
      const fileBytes = whole.byteLength
      for (const offset of [0, 100, fileBytes, fileBytes + 5]) {
        const piece = await readModelFile(model, { file, offset })
        assert.deepEqual(piece, { content: whole.subarray(offset), fileBytes })
      }
    })
  }

  it('gives a large file in pieces of 4 MiB', async () => {
    const fileBytes = 9 * 1024 ** 2
    await writeFile(join(model.path, 'hyper-head.safetensors'), Buffer.alloc(fileBytes))
    const lengths = []
    for (let offset = 0; ; offset += lengths.at(-1)!) {
      const { content } = await readModelFile(model, { file: hyperHead, offset })
      if (content.byteLength === 0) break
      lengths.push(content.byteLength)
    }
    assert.deepEqual(lengths, [4 * 1024 ** 2, 4 * 1024 ** 2, 1024 ** 2])
  })

  it('refuses a file that there is none of', async () => {
    const none = { code: 'invalid_request', message: /model pooled has no file/ }
    await assert.rejects(readModelFile(await loaded('pooled'), { file: hyperHead, offset: 0 }), none)
    const unnamed = { file: ModelFile.MODEL_FILE_UNSPECIFIED, offset: 0 }
    await assert.rejects(readModelFile(model, unnamed), { code: 'invalid_request' })
  })

  it('names a file that is gone', async () => {
    await unlink(join(model.path, 'hyper-head.safetensors'))
    const gone = { code: 'invalid_model', message: /hyper-head\.safetensors cannot be read any more/ }
    await assert.rejects(readModelFile(model, { file: hyperHead, offset: 0 }), gone)
  })
})
