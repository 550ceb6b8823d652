import assert from 'node:assert/strict'
import type { ClusterDescription } from '@hypershard/contract'
import { eventually } from '@hypershard/harness'
import {
  madeUpDocuments,
  madeUpText,
  type Problem,
  type SearchAnswer,
  startTestCluster,
  type TestCluster,
} from '@hypershard/harness/cluster'

describe('a cluster with two encoder services', () => {
  let cluster: TestCluster

  before(async () => {
    cluster = await startTestCluster({ encoders: 2, restart: false })
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 2 })
  })
  after(() => cluster.stop())

  it('loses no query and no document when one of them is killed', async () => {
    const documents = madeUpDocuments(2_000)
    const putting = cluster.put('papers', documents)
    const failed: unknown[] = []
    let asked = 0
    let going = true
    const searching = Array.from({ length: 3 }, async (_, worker) => {
      while (going) {
        const query = madeUpText(1_000_000 * worker + asked++, 6)
        const { status, body } = await cluster.search<SearchAnswer & Problem>('papers', query, { timeout_ms: 60_000 })
        if (status !== 200 || body.coverage.ratio !== 1) failed.push({ status, detail: body.detail })
      }
    })
    const isIndexing = async () => {
      const { body } = await cluster.request<{ documents: number }>('GET', '/v1/indexes/papers')
      return body.documents > 0
    }
    await eventually(isIndexing)
    const before = asked
    cluster.process('encoder-2').kill('SIGKILL')
    await eventually(async () => (await describeEncoders()).some(({ live }) => !live))
    await eventually(() => asked > before + 20)
    const { status, body } = await putting
    going = false
    await Promise.all(searching)
    assert.deepEqual([status, body.failed, failed], [200, 0, []])
    const index = await cluster.request<{ documents: number }>('GET', '/v1/indexes/papers')
    assert.equal(index.body.documents, documents.length)
    const encoders = await describeEncoders()
    assert.deepEqual(encoders.map(({ live, models }) => [live, models?.length ?? null]).sort(), [
      [false, null],
      [true, 1],
    ])
  })

  async function describeEncoders(): Promise<ClusterDescription['encoders']> {
    return (await cluster.request<ClusterDescription>('GET', '/v1/cluster')).body.encoders
  }
})
