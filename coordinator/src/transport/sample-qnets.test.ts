import assert from 'node:assert/strict'
import { readOwnSamples } from '@hypershard/storage'
import { post, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const base64 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64')

/** Of a q-net of [2, 2, 1]: a matrix, a bias, and the last matrix. */
const weights = (first: number) => base64(first, 0, 0, 1, 0, 0, 1, 1)
const samples = Array.from({ length: 16 }, (_, at) => ({ id: `${at}`, qnet: { weights: weights(at) } }))

describe('sample q-nets of an index without a model', () => {
  let coordinator: TestCoordinator
  let indexes: string
  let own: string
  let made = 0

  before(async () => {
    coordinator = await startTestCoordinator()
    indexes = `${coordinator.url}/v1/indexes`
  })

  beforeEach(async () => {
    own = `own-${made++}`
    const vectors = { width: 2, scorer: { vector_dimensions: [2, 2, 1] } }
    await post(indexes, { name: own, model: 'external', vectors })
  })

  after(() => coordinator.stop())

  const give = async (lines: readonly unknown[], index = own) => {
    const body = lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
    const headers = { 'content-type': 'application/x-ndjson' }
    const url = `${indexes}/${index}/generations/1/sample-qnets`
    return request(url, { method: 'PUT', headers, body })
  }

  it('are kept until others are given or they are taken back', async () => {
    assert.equal((await give([...samples, ''])).json.sample_queries, 16)
    assert.equal((await give([...samples, { qnet: { weights: weights(16) } }])).json.sample_queries, 17)
    const generation = { index: own, generation: 1 }
    const [key, ...more] = (await coordinator.store.list(`indexes/${own}/generations/1/samples/`)).slice(-1)
    assert.deepEqual(more, [])
    const [, digest] = /-17-(\w+)\.safetensors$/.exec(key!)!
    const read = await readOwnSamples(coordinator.store, generation, { number: 2, qnets: 17, digest: digest! }, 8)
    assert.deepEqual(
      read.map(bytes => Buffer.from(bytes).toString('base64')),
      Array.from({ length: 17 }, (_, at) => weights(at)),
    )
    assert.equal((await give([])).json.sample_queries, 0)
    assert.equal((await coordinator.store.list(`indexes/${own}/generations/1/samples/`)).length, 2)
  })

  it('go with a clone and a build for another number of shards', async () => {
    await give(samples)
    assert.equal((await post(`${indexes}/${own}/reindex`, { shards: 3 })).json.sample_queries, 16)
    await post(`${indexes}/${own}/clone`, { name: `${own}-clone` })
    const { json } = await request(`${indexes}/${own}-clone/generations/1`)
    assert.equal(json.sample_queries, 16)
  })

  const faults: readonly [string, readonly unknown[], string, RegExp][] = [
    ['too few', samples.slice(1), 'invalid_request', /15 q-nets; give 16 to 64/],
    ['too many', Array.from({ length: 65 }, () => samples[0]), 'invalid_request', /more than 64 q-nets/],
    ['no JSON', [...samples, '{"qnet'], 'invalid_request', /line 17: not JSON/],
    ['neither', [{ id: 'a' }, ...samples], 'invalid_request', /line 1: it: must have a `qnet` or a `vector`/],
    ['another width', [samples[0], { qnet: { weights: base64(1) } }], 'invalid_request', /line 2: qnet: .*bytes/],
    ['a vector for layers', [{ vector: [1, 2] }, ...samples], 'invalid_request', /line 1: vector: the index scores/],
    [
      'another model',
      [{ qnet: { ...samples[0]!.qnet, model: 'a'.repeat(64) } }],
      'model_mismatch',
      /line 1: qnet.model/,
    ],
  ]
  for (const [what, lines, code, message] of faults) {
    it(`are refused of ${what}, and nothing is changed`, async () => {
      await give(samples)
      const { json } = await give(lines)
      assert.equal(json.code, code)
      assert.match(json.detail, message)
      assert.equal((await request(`${indexes}/${own}/generations/1`)).json.sample_queries, 16)
    })
  }

  it('are of indexes without a model alone, which take no queries', async () => {
    await post(indexes, { name: 'papers' })
    assert.match((await give(samples, 'papers')).json.detail, /has a model.*send `sample_queries`/)
    const queries = { sample_queries: samples.map(({ id }) => `query ${id}`) }
    const asked = await request(`${indexes}/${own}/generations/1`, { method: 'PATCH', ...jsonOf(queries) })
    assert.match(asked.json.detail, /no model that reads them; put sample q-nets/)
    assert.match((await post(`${indexes}/${own}/reindex`, queries)).json.detail, /no model that reads them/)
  })
})

function jsonOf(body: unknown) {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
