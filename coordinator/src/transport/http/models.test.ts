import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, FakeEncoder } from '@hypershard/harness'
import type { Model } from '@hypershard/proto/encoder'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

const [words, wordsToo] = new FakeEncoder().models as [Model, Model]

describe('indexes whose model is not there, over HTTP', () => {
  let storeDirectory: string
  let running: TestCoordinator | undefined

  /** A coordinator on the same store as those before; its encoder service has these models. */
  async function restart(models: readonly Model[]): Promise<string> {
    await running?.stop()
    running = await startTestCoordinator({ storeDirectory })
    running.encoder.models = [...models]
    return running.url
  }

  beforeEach(async () => {
    storeDirectory = await mkdtemp(join(tmpdir(), 'hypershard-models-'))
    const url = await restart([words, wordsToo])
    await post(`${url}/v1/indexes`, { name: 'papers', model: 'words' })
    await post(`${url}/v1/indexes`, { name: 'other', model: 'words-too' })
    for (const name of ['papers', 'other']) {
      const { json } = await put(`${url}/v1/indexes/${name}/documents`, [{ id: 'a', text: 'stars' }])
      assert.equal(json.searchable, true)
    }
  })

  afterEach(async () => {
    await running?.stop()
    running = undefined
    await rm(storeDirectory, { recursive: true, force: true })
  })

  const lacksWords =
    /^index `papers`: it was made with the model `words`, .* \(it has `words-too`\).*`--models`.*reindex/

  async function untilCaughtUp(index: string, generation: number) {
    const isCaughtUp = async () => (await request(`${index}/generations/${generation}`)).json.progress.caught_up
    await eventually(isCaughtUp)
  }

  it('are named with their model when they are searched, and the others are served', async () => {
    const url = await restart([wordsToo])
    await eventually(async () => (await request(`${url}/readyz`)).status === 200)
    const { status, json } = await post(`${url}/v1/indexes/papers/search`, { query: 'stars' })
    assert.deepEqual([status, json.code, json.retryable], [503, 'model_not_served', true])
    assert.match(json.detail, lacksWords)
    assert.doesNotMatch(json.detail, /[0-9a-f]{64}/)
    assert.deepEqual(json.details.model, { name: 'words', digest: words.digest })
    assert.equal((await post(`${url}/v1/indexes/other/search`, { query: 'stars' })).status, 200)
  })

  it('are named by the readiness and by the cluster', async () => {
    const url = await restart([wordsToo])
    await eventually(async () => (await request(`${url}/readyz`)).status === 200)
    const [named, ...others] = (await request(`${url}/readyz`)).json.indexes_without_model
    assert.deepEqual([named.index, named.generation, named.model.name, others], ['papers', 1, 'words', []])
    assert.match(named.message, lacksWords)
    const { json: cluster } = await request(`${url}/v1/cluster`)
    assert.deepEqual(cluster.indexes_without_model, [named])
    assert.deepEqual(cluster.encoders, [
      {
        address: 'encoder.test:7720',
        live: true,
        down_reason: null,
        draining: false,
        weight: 1,
        outstanding: 0,
        waiting: { queries: 2, documents: 300, pairs: 4 },
        protocol_version: 2,
        models: [{ name: 'words-too', digest: wordsToo.digest, document_kernel: 'fp32' }],
      },
    ])
  })

  it('are none while every model is there', async () => {
    const url = await restart([words, wordsToo])
    await eventually(async () => (await request(`${url}/readyz`)).status === 200)
    assert.deepEqual((await request(`${url}/readyz`)).json, { status: 'ready', indexes_without_model: [] })
  })

  it('are told apart from those whose model has changed under its name', async () => {
    const url = await restart([{ ...words, digest: 'cd'.repeat(32) }, wordsToo])
    const { status, json } = await post(`${url}/v1/indexes/papers/search`, { query: 'stars' })
    assert.equal(status, 503)
    assert.match(json.detail, /^index `papers`: the model `words` that is loaded is not the one that it was made with/)
  })

  it('take writes, which are safe, and say why searches will not find them', async () => {
    const url = await restart([wordsToo])
    const documents = `${url}/v1/indexes/papers/documents`
    const waited = await put(documents, [{ id: 'b', text: 'moon' }])
    const { accepted, searchable, problem } = waited.json
    assert.deepEqual([waited.status, accepted, searchable, problem.code], [200, 1, false, 'model_not_served'])
    assert.match(problem.message, lacksWords)
    const durable = await put(`${documents}?wait_for=durable`, [{ id: 'c', text: 'sun' }])
    assert.equal(durable.json.problem.code, 'model_not_served')
    const back = await restart([words, wordsToo])
    await eventually(async () => (await request(`${back}/v1/indexes/papers`)).json.documents === 3)
  })

  it('are mended by building them anew with a model that is there', async () => {
    const url = await restart([wordsToo])
    const index = `${url}/v1/indexes/papers`
    assert.equal((await post(`${index}/reindex`, { model: 'words-too' })).status, 201)
    await untilCaughtUp(index, 2)
    const compared = await post(`${index}/generations/2/compare`, { queries: ['stars'] })
    assert.deepEqual([compared.status, compared.json.code], [503, 'model_not_served'])
    assert.match(compared.json.detail, lacksWords)
    assert.equal((await post(`${index}/generations/2/promote`, {})).status, 200)
    assert.equal((await post(`${index}/search`, { query: 'stars' })).json.hits[0].id, 'a')
    assert.deepEqual((await request(`${url}/readyz`)).json.indexes_without_model, [])
    const back = await post(`${index}/rollback`, {})
    assert.deepEqual([back.status, back.json.code], [503, 'model_not_served'])
    assert.equal((await request(index)).json.generation, 2)
  })

  it('never get the name of one that can be searched: by promotion or by a snapshot', async () => {
    const before = `${running!.url}/v1/indexes/papers`
    await post(`${before}/snapshots`, { name: 'monday' })
    await post(`${before}/reindex`, { model: 'words-too' })
    await untilCaughtUp(before, 2)
    const index = `${await restart([words])}/v1/indexes/papers`
    const promoted = await post(`${index}/generations/2/promote`, {})
    assert.deepEqual([promoted.status, promoted.json.code], [503, 'model_not_served'])
    assert.match(promoted.json.detail, /^index `papers`, generation 2: it was made with the model `words-too`/)
    assert.equal((await request(`${index}/generations/2`)).json.phase, 'building')
    const restored = await post(`${await restart([wordsToo])}/v1/indexes/papers/snapshots/monday/restore`, {})
    assert.deepEqual([restored.status, restored.json.code], [503, 'model_not_served'])
    assert.match(restored.json.detail, lacksWords)
  })

  it('are not made: a model that is not there is refused with those that are', async () => {
    const { status, json } = await post(`${running!.url}/v1/indexes`, { name: 'new', model: 'wrods' })
    assert.deepEqual([status, json.code, json.details.models], [404, 'model_not_found', ['words', 'words-too']])
    assert.match(json.detail, /^model `wrods`: the encoder service has words, words-too; choose one of them/)
  })
})
