import assert from 'node:assert/strict'
import {
  madeUpDocuments,
  madeUpText,
  type SearchAnswer,
  startTestCluster,
  type TestCluster,
} from '@hypershard/harness/cluster'
import { type S3Server, startS3Server } from '@hypershard/harness/servers'

describe('a cluster whose store is S3', () => {
  const documents = madeUpDocuments(300)
  let server: S3Server
  let location: string
  let cluster: TestCluster

  before(async function () {
    const started = await startS3Server()
    if (started === undefined) return this.skip()
    server = started
    ;({ location } = await server.openBucket('documents'))
    cluster = await start()
  })

  after(async () => {
    await cluster?.stop()
    await server?.stop()
  })

  function start(): Promise<TestCluster> {
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
    const environment = { HYPERSHARD_REFRESH_MS: '200', HYPERSHARD_INDEXER_SCAN_MS: '100', ...credentials }
    return startTestCluster({ store: location, shardServers: 1, environment })
  }

  it('keeps documents there alone: another cluster on the same bucket has them', async () => {
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 2 })
    const put = await cluster.put('papers', documents)
    assert.deepEqual([put.status, put.body.accepted], [200, 300])
    await cluster.put('papers', [{ id: 'document-0', text: 'new text' }])
    const text = madeUpText(11, 12)
    const { status: answered, body: before } = await cluster.search('papers', text, { k: 20 })
    assert.equal(answered, 200, JSON.stringify(before))
    await cluster.stop()
    cluster = await start()
    const { status, body } = await cluster.search<SearchAnswer>('papers', text, { k: 20 })
    assert.equal(status, 200)
    assert.deepEqual(body.hits, before.hits)
    const { body: verified } = await cluster.request<{ documents: number; problems: string[] }>(
      'POST',
      '/v1/indexes/papers/verify',
      {},
    )
    assert.deepEqual([verified.documents, verified.problems], [300, []])
  })
})
