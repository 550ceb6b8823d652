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
  let asked = 0

  before(async () => {
    cluster = await startTestCluster({ encoders: 2, shardServers: 1, restart: false })
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 2 })
    await cluster.put('papers', madeUpDocuments(100))
  })
  after(() => cluster.stop())

  /** Searches without a pause, each with a text of its own, until the work is done. @returns those that were not whole */
  async function failuresDuring(work: () => Promise<void>): Promise<unknown[]> {
    const failed: unknown[] = []
    let going = true
    const clients = Array.from({ length: 3 }, async (_, client) => {
      while (going) {
        const query = madeUpText(1_000_000 * client + asked++, 6)
        const { status, body } = await cluster.search<SearchAnswer & Problem>('papers', query, { timeout_ms: 60_000 })
        if (status !== 200 || body.coverage.ratio !== 1) failed.push({ status, detail: body.detail })
      }
    })
    try {
      await work()
    } finally {
      going = false
      await Promise.all(clients)
    }
    return failed
  }

  async function describeEncoders(): Promise<ClusterDescription['encoders']> {
    return (await cluster.request<ClusterDescription>('GET', '/v1/cluster')).body.encoders
  }

  async function searchesGoOn(): Promise<void> {
    const before = asked
    await eventually(() => asked > before + 20)
  }

  it('answers every query while one is stopped and started again', async () => {
    const failed = await failuresDuring(async () => {
      await searchesGoOn()
      await cluster.cluster.restartProcess('encoder')
      await eventually(async () => (await describeEncoders()).every(({ live, draining }) => live && !draining))
      await searchesGoOn()
    })
    assert.deepEqual(failed, [])
  })

  it('loses no query and no document when one of them is killed', async () => {
    const documents = madeUpDocuments(2_000)
    const documentsNow = async () =>
      (await cluster.request<{ documents: number }>('GET', '/v1/indexes/papers')).body.documents
    const failed = await failuresDuring(async () => {
      const putting = cluster.put('papers', documents)
      await eventually(async () => (await documentsNow()) > 100)
      cluster.process('encoder-2').kill('SIGKILL')
      await eventually(async () => (await describeEncoders()).some(({ live }) => !live))
      await searchesGoOn()
      const { status, body } = await putting
      assert.deepEqual([status, body.failed], [200, 0])
    })
    assert.deepEqual(failed, [])
    assert.equal(await documentsNow(), documents.length)
    const encoders = await describeEncoders()
    assert.deepEqual(encoders.map(({ live, models }) => [live, models?.length ?? null]).sort(), [
      [false, null],
      [true, 1],
    ])
  })
})
