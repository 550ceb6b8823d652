import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { HypershardError } from '@hypershard/common'
import { pseudoRandomTensor, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import type { QNet, TokenStates } from '@hypershard/proto/qnet'
import {
  encodeTokenStates,
  kernelIdentity,
  loadModelDirectory,
  openQueryHead,
  qnetToProto,
  roundTokenStates,
  tokenStatesDigest,
} from '@hypershard/qnet'
import { version } from '@hypershard/service/version'
import { type Manifest, type ObjectStore, storeModel } from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer } from '../testing/test-shard-server.ts'
import { QNetExchange } from './qnet-exchange.ts'

/** Of a test's server. */
const searchesMax = 8

const [width] = tinyArchitecture.vectorDimensions as [number]

describe('queries of a shard server', () => {
  let directory: string
  let root: string
  let store: ObjectStore
  let removeStore: () => Promise<void>
  let manifest: Manifest
  let modelPath: string
  let server: TestShardServer

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-queries-'))
    const model = await writeTinyModel(directory, { qnet: tinyArchitecture })
    modelPath = model.path
    const made = await createTestStore()
    ;({ root, store, remove: removeStore } = made)
    const ofModel = { name: 'tiny', digest: model.digest }
    const empty = await createTestIndex(made.store, { name: 'papers', width, shards: 2, model: ofModel })
    manifest = await putTestDocuments(made.store, empty, testDocuments(400, width))
    server = await startTestShardServer(root, { HYPERSHARD_SHARD_MODELS: [modelPath] })
  })

  after(async () => {
    await server.stop()
    await removeStore()
    await rm(directory, { recursive: true })
    assert.deepEqual(server.deaths, [])
  })

  function statesOf(seed: number, tokens = 5): { states: Float32Array; message: TokenStates } {
    const states = pseudoRandomTensor(seed, tokens * width, 1)
    const bytes = encodeTokenStates(states, width)
    const { modelDigest } = manifest
    const digest = tokenStatesDigest(modelDigest, { tokens, width }, bytes)
    return { states, message: { digest, modelDigest, tokens, width, states: Buffer.from(bytes) } }
  }

  /** The weights form of the same query, as the encoder makes it. */
  async function qnetOf(states: Float32Array): Promise<QNet> {
    const head = await openQueryHead(await loadModelDirectory(modelPath), 1)
    const weights = await head(roundTokenStates(states, width))
    return qnetToProto(tinyArchitecture, weights, { precision: 'f32', modelDigest: manifest.modelDigest })
  }

  const nameOf = ({ digest, modelDigest }: QNet | TokenStates): QNet => ({
    digest,
    modelDigest,
    architecture: undefined,
    precision: 0,
    weights: Buffer.alloc(0),
  })

  const hitsOf = async (request: { qnet?: QNet; tokenStates?: TokenStates }, on = server) =>
    (await on.search(manifest, request)).results.map(({ hits }) => hits)

  it('score the same, to the bit, as weights and as token states', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { states, message } = statesOf(seed)
      assert.deepEqual(await hitsOf({ tokenStates: message }), await hitsOf({ qnet: await qnetOf(states) }))
    }
  })

  it('may come again as their digest alone, in either form, and take no second making', async () => {
    const { states, message } = statesOf(20)
    const first = (await server.search(manifest, { tokenStates: message })).results
    const again = (await server.search(manifest, { qnet: nameOf(message) })).results
    assert.ok(first.every(({ headMs }) => headMs > 0))
    assert.ok(again.every(({ headMs }) => headMs === 0))
    const qnet = await qnetOf(states)
    const asWeights = await hitsOf({ qnet })
    assert.deepEqual(await hitsOf({ qnet: nameOf(qnet) }), asWeights)
    assert.deepEqual(
      again.map(({ hits }) => hits),
      asWeights,
    )
  })

  it('are unknown by a digest that was never given, or given broken', async () => {
    const { states, message } = statesOf(30)
    const qnet = await qnetOf(states)
    await assert.rejects(hitsOf({ qnet: nameOf(qnet) }), { code: 'query_unknown' })
    const altered = Buffer.from(qnet.weights)
    altered[5]! ^= 1
    await assert.rejects(hitsOf({ qnet: { ...qnet, weights: altered } }), { code: 'invalid_request' })
    await assert.rejects(hitsOf({ qnet: nameOf(qnet) }), { code: 'query_unknown' })
    const alteredStates = Buffer.from(message.states)
    alteredStates[0]! ^= 1
    await assert.rejects(hitsOf({ tokenStates: { ...message, states: alteredStates } }), { code: 'invalid_request' })
    await assert.rejects(hitsOf({ qnet: nameOf(message) }), { code: 'query_unknown' })
    assert.equal((await hitsOf({ tokenStates: message })).length, 2)
  })

  it('are refused without content, in two forms at once, and of another shape', async () => {
    const { states, message } = statesOf(40)
    const qnet = await qnetOf(states)
    await assert.rejects(hitsOf({}), { code: 'invalid_request' })
    await assert.rejects(hitsOf({ qnet, tokenStates: message }), { code: 'invalid_request' })
    await assert.rejects(hitsOf({ tokenStates: { ...message, width: 8, tokens: 10 } }), { code: 'invalid_request' })
    const long = statesOf(41, 700).message
    assert.equal((await hitsOf({ tokenStates: long })).length, 2)
  })

  describe('whose model is in the object store alone', () => {
    // One server for all, which makes no q-net before the last of them.
    let other: TestShardServer

    before(async () => {
      other = await startTestShardServer(root)
    })

    afterEach(() => store.deletePrefix('models/'))

    after(() => other.stop())

    async function storeHead(): Promise<string[]> {
      const read = (name: string) => readFile(join(modelPath, name))
      const content = await read('hyper-head.safetensors')
      const hyperHead = { sha256: hash('sha256', content), content }
      return storeModel(store, manifest.modelDigest, { modelJson: await read('model.json'), hyperHead })
    }

    it('cannot be token states while it is not there', async () => {
      const { states, message } = statesOf(50)
      const missing = { code: 'model_not_found', message: /models\/[0-9a-f]{64} in the object store is missing/ }
      await assert.rejects(hitsOf({ tokenStates: message }, other), missing)
      assert.equal((await hitsOf({ qnet: await qnetOf(states) }, other)).length, 2)
    })

    for (const [at, file] of ['the hyper-head', 'model.json'].entries()) {
      it(`name ${file} of it when that is altered`, async () => {
        const key = (await storeHead())[at]!
        const altered = Buffer.from((await store.get(key))!)
        altered[altered.byteLength - 5]! ^= 1
        await store.put(key, altered)
        await assert.rejects(hitsOf({ tokenStates: statesOf(51).message }, other), (error: HypershardError) => {
          assert.equal(error.code, 'model_not_found')
          assert.ok(error.message.includes(`${key} is altered`), error.message)
          return true
        })
      })
    }

    it('score the same as token states once it is there, and it is read once', async () => {
      await storeHead()
      const { states, message } = statesOf(52)
      assert.deepEqual(await hitsOf({ tokenStates: message }, other), await hitsOf({ qnet: await qnetOf(states) }))
      await store.deletePrefix('models/')
      assert.equal((await hitsOf({ tokenStates: statesOf(53).message }, other)).length, 2)
    })
  })

  describe('of a server that shares a folder with others', () => {
    let sharing: TestShardServer
    let others: QNetExchange
    let folder: string

    before(async () => {
      folder = join(directory, 'qnets')
      const settings = { HYPERSHARD_SHARD_MODELS: [modelPath], HYPERSHARD_SHARD_QNETS: folder }
      sharing = await startTestShardServer(root, settings)
      others = new QNetExchange(folder, { kernel: kernelIdentity(), version })
    })

    after(async () => {
      await sharing.stop()
      assert.deepEqual(await readdir(folder), [])
    })

    it('are those that another has made of the same token states, once there are several searches', async () => {
      const another = await qnetOf(statesOf(70).states)
      const asked = Array.from({ length: searchesMax }, (_, at) => statesOf(71 + at))
      for (const { message } of asked) others.leave(others.keyOf(message.digest), another.weights)
      const expected = await hitsOf({ qnet: another })
      const found = await Promise.all(asked.map(({ message }) => hitsOf({ tokenStates: message }, sharing)))
      assert.ok(found.some(hits => isDeepStrictEqual(hits, expected)))
      others.close()
    })

    it('are made by itself for a search that is alone', async () => {
      const { states, message } = statesOf(90)
      others.leave(others.keyOf(message.digest), (await qnetOf(statesOf(91).states)).weights)
      assert.deepEqual(await hitsOf({ tokenStates: message }, sharing), await hitsOf({ qnet: await qnetOf(states) }))
      others.close()
    })
  })

  it('tell what is wrong with a model directory', async () => {
    const other = await startTestShardServer(root, { HYPERSHARD_SHARD_MODELS: [join(directory, 'none')] })
    try {
      await assert.rejects(hitsOf({ tokenStates: statesOf(60).message }, other), { code: 'invalid_model' })
    } finally {
      await other.stop()
    }
  })
})
