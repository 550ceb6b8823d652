import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { type TinyModel, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { hyperHeadFile } from '@hypershard/qnet'
import { type ObjectStore, readHyperHead, readModelJson } from '@hypershard/storage'
import type { ModelFileName } from '../ports.ts'
import { ModelKeeper } from './model-keeper.ts'

const fileNames = { modelJson: 'model.json', hyperHead: 'hyper-head.safetensors' }

describe('ModelKeeper', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let model: TinyModel
  /** Files that the encoder service was asked for. */
  let asked: ModelFileName[]
  let failure: HypershardError | undefined
  let logged: readonly Record<string, unknown>[]
  let keeper: ModelKeeper

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    model = await writeTinyModel(await store.stagingDirectory(), { qnet: tinyArchitecture })
    asked = []
    failure = undefined
    const captured = captureLog()
    logged = captured.lines
    keeper = new ModelKeeper({ store, encoder: { readModelFile }, log: captured.log })
  })

  afterEach(async () => {
    await keeper.stop()
    await temporary.remove()
  })

  async function readModelFile({ file }: { file: ModelFileName }): Promise<Uint8Array> {
    asked.push(file)
    if (failure !== undefined) throw failure
    return readFile(join(model.path, fileNames[file]))
  }

  const isStored = async () => (await readModelJson(store, model.digest)) !== undefined

  async function kept(): Promise<void> {
    keeper.keep(model.digest)
    await keeper.idle()
  }

  async function mended(): Promise<void> {
    keeper.mend(model.digest)
    await keeper.idle()
  }

  it('stores a model once, as its directory has it', async () => {
    keeper.keep(model.digest)
    keeper.keep(model.digest)
    await keeper.idle()
    await kept()
    assert.deepEqual(asked, ['modelJson', 'hyperHead'])
    assert.deepEqual(await readModelJson(store, model.digest), await readFile(join(model.path, 'model.json')))
    const file = hyperHeadFile(model.settings)!
    assert.deepEqual(
      await readHyperHead(store, model.digest, file.facts),
      await readFile(join(model.path, 'hyper-head.safetensors')),
    )
  })

  it('leaves one that is stored alone, whoever stored it', async () => {
    await kept()
    const other = new ModelKeeper({ store, encoder: { readModelFile }, log: captureLog().log })
    other.keep(model.digest)
    await other.idle()
    assert.equal(asked.length, 2)
  })

  it('puts a model that is gone there again when told that it cannot be used', async () => {
    await kept()
    await store.deletePrefix('models/')
    await mended()
    assert.ok(await isStored())
  })

  for (const key of ['model.json', 'the hyper-head'] as const) {
    it(`names ${key} when it is altered, and puts it in order`, async () => {
      await kept()
      const keys = await store.list('models/')
      const altered = keys.find(candidate => candidate.endsWith('model.json') === (key === 'model.json'))!
      const before = (await store.get(altered))!
      await store.put(altered, Buffer.from(before).fill(7, 9, 10))
      await mended()
      assert.deepEqual(await store.get(altered), before)
      const warnings = logged.filter(({ msg }) => msg === 'a stored model is damaged')
      assert.equal(warnings.length, 1)
      assert.ok(String(warnings[0]!.message).includes(`${altered} is altered`))
    })
  }

  it('asks for nothing when what a shard server could not use is whole', async () => {
    await kept()
    await mended()
    assert.equal(asked.length, 2)
  })

  it('stores nothing of a directory that was changed', async () => {
    const read = readModelFile
    const changed = async (request: { file: ModelFileName }) => {
      const content = Buffer.from(await read(request))
      return request.file === 'hyperHead' ? content.fill(1, content.byteLength - 1) : content
    }
    const { log, lines } = captureLog('debug')
    const other = new ModelKeeper({ store, encoder: { readModelFile: changed }, log })
    other.keep(model.digest)
    await other.idle()
    assert.deepEqual(await store.list('models/'), [])
    assert.match(String(lines[0]?.message), /this hyper-head is another model's/)
  })

  it('does not ask an encoder service that is away for every search, and tries again when told', async () => {
    failure = new HypershardError('unavailable', 'away')
    await kept()
    await kept()
    assert.deepEqual(asked, ['modelJson'])
    failure = undefined
    await mended()
    assert.ok(await isStored())
  })
})
