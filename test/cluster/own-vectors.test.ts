import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { type SearchAnswer, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { naiveScores, pseudoRandomTensor, pseudoRandomWeights } from '@hypershard/harness/qnets'
import { encodeWeights, type QNetArchitecture } from '@hypershard/qnet'

const width = 8
const architecture: QNetArchitecture = {
  vectorDimensions: [width, width, 1],
  activation: 'relu',
  layerNorm: true,
  layerNormBeforeResidual: true,
  residual: true,
  residualOnLast: true,
}
const scorer = {
  vector_dimensions: architecture.vectorDimensions,
  activation: 'relu',
  layer_norm: true,
  layer_norm_before_residual: true,
  residual: true,
  residual_on_last: true,
}

describe('vectors and q-nets from outside, in a cluster of processes', () => {
  const documents = 400
  // Every second document has the vector of the one before: ties everywhere.
  const vectors = Array.from({ length: documents }, (_, at) => pseudoRandomTensor(at >> 1, width, 1))
  const shardCounts = [1, 2, 4, 8]
  let cluster: TestCluster

  before(async () => {
    cluster = await startTestCluster()
    for (const shards of shardCounts) {
      for (const [name, own] of [
        ['net', { width, scorer }],
        ['dot', { width }],
      ] as const) {
        const index = { name: `${name}-${shards}`, model: 'external', vectors: own, shards }
        assert.equal((await cluster.request('POST', '/v1/indexes', index)).status, 201)
        const lines = vectors.map((values, at) => ({ id: `d${at}`, vector: base64(values) }))
        const put = await cluster.put(`${name}-${shards}`, lines)
        assert.deepEqual([put.body.accepted, put.body.failed], [documents, 0])
      }
    }
  })

  after(() => cluster.stop())

  async function hitsOf(index: string, body: object): Promise<SearchAnswer['hits']> {
    const path = `/v1/indexes/${index}/search`
    const { status, body: answer } = await cluster.request<SearchAnswer>('POST', path, {
      k: 20,
      ids_only: true,
      ...body,
    })
    assert.equal(status, 200, JSON.stringify(answer))
    return answer.hits
  }

  const queries = casesOf({ usual: 6, thorough: 25 })
  it(`answers ${queries} of each alike from 1, 2, 4 and 8 shards, ties included, and as a naive q-net scores`, async () => {
    for (let query = 0; query < queries; query++) {
      const weights = pseudoRandomWeights(architecture, 1_000 + query)
      const qnet = { weights: base64(encodeWeights(architecture, weights, 'f32')) }
      const vector = base64(pseudoRandomTensor(2_000 + query, width, 1))
      for (const [name, body] of [
        ['net', { qnet, plan: 'exact' }],
        ['net', { qnet }],
        ['dot', { vector, plan: 'exact' }],
        ['dot', { vector }],
      ] as const) {
        const answers = await Promise.all(shardCounts.map(shards => hitsOf(`${name}-${shards}`, body)))
        for (const answer of answers) assert.deepEqual(answer, answers[0])
      }
      const [best] = await hitsOf('net-4', { qnet, plan: 'exact' })
      const scores = vectors.map(values => naiveScores(architecture, weights, values)[0]!)
      assert.ok(Math.abs(best!.score! - Math.max(...scores)) < 1e-4)
    }
  })
})

function base64(values: Float32Array | Uint8Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}
