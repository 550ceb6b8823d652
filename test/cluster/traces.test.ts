import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments, madeUpText, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { type OtlpReceiver, outlineOf, type SeenSpan, startOtlpReceiver, treesOf } from '@hypershard/harness/traces'

const documents = madeUpDocuments(60)
const searchRoute = 'POST /v1/indexes/:index/search'
const writeRoute = 'PUT /v1/indexes/:index/documents'

const searchOutline = `${searchRoute}
  search
    encode
      encode call
        hypershard.v1.EncoderService/EncodeQuery
          encode
          queue
    fan out
      shard call
        hypershard.v1.ShardService/SearchShards
          fetch
          lease
          queue
          score
    fetch
    merge
`

const writeOutline = `${writeRoute}
  write
    append
      job
        commit
        encode
          cut call
            hypershard.v1.EncoderService/CutDocuments
          encode call
            hypershard.v1.EncoderService/EncodeDocuments
              encode
              queue
              tokenise
        store
    check
    wait
`

/** The header of a caller who has a trace of its own. */
function caller(flags: '00' | '01' = '01') {
  const traceId = randomBytes(16).toString('hex')
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}` }
}

describe('the traces of a cluster', () => {
  let receiver: OtlpReceiver
  let cluster: TestCluster

  before(async () => {
    receiver = await startOtlpReceiver()
    const environment = {
      HYPERSHARD_TRACE_OTLP_URL: receiver.url,
      // Nothing is traced unless the caller says so.
      HYPERSHARD_TRACE_SAMPLE_PERCENT: '0',
      // A server that is killed is found out by a search.
      HYPERSHARD_HEALTH_INTERVAL_MS: '60000',
    }
    cluster = await startTestCluster({ environment, restart: false })
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 2, replicas: 2 })
  })

  after(async () => {
    await cluster?.stop()
    await receiver?.stop()
  })

  async function send(method: string, path: string, body: string, headers: Record<string, string>) {
    const url = `${cluster.cluster.httpUrl}/v1/indexes/papers/${path}`
    const { status } = await fetch(url, { method, body, headers: { 'content-type': 'application/json', ...headers } })
    assert.equal(status, 200)
  }

  const search = (query: string, traceparent: string) =>
    send('POST', 'search', JSON.stringify({ query }), { traceparent })

  /** The spans of a trace once it has these, each of which ends after all that are below it in its process. */
  async function spansWith(traceId: string, ...names: readonly string[]): Promise<SeenSpan[]> {
    await eventually(() => names.every(name => receiver.spansOf(traceId).some(span => span.name === name)))
    return receiver.spansOf(traceId)
  }

  it('follow a write to its commit, as one tree', async () => {
    const { traceId, traceparent } = caller()
    const lines = documents.map(document => JSON.stringify(document)).join('\n')
    const headers = { traceparent, 'content-type': 'application/x-ndjson' }
    await send('PUT', 'documents?wait_for=searchable', lines, headers)
    const spans = await spansWith(traceId, writeRoute, 'job', 'hypershard.v1.EncoderService/EncodeDocuments')
    assert.equal(outlineOf(treesOf(spans)), writeOutline)
    assert.deepEqual(servicesOf(spans), ['coordinator', 'encoder-service', 'indexer'])
  })

  it('show a search with every stage, in every process, as one tree', async () => {
    const { traceId, traceparent } = caller()
    await search(madeUpText(1, 5), traceparent)
    const [encoding, scoring] = ['hypershard.v1.EncoderService/EncodeQuery', 'hypershard.v1.ShardService/SearchShards']
    const spans = await spansWith(traceId, searchRoute, encoding, scoring)
    assert.equal(outlineOf(treesOf(spans)), searchOutline)
    assert.deepEqual(servicesOf(spans), ['coordinator', 'encoder-service', 'shard-server'])
    assert.equal(spans.filter(({ failed }) => failed).length, 0)
  })

  it('are none of what no caller has sampled, or has in a way that cannot be read', async () => {
    const unsampled = caller('00')
    for (const traceparent of [unsampled.traceparent, 'nonsense', '']) await search(madeUpText(2, 5), traceparent)
    const last = caller()
    await search(madeUpText(3, 5), last.traceparent)
    await spansWith(last.traceId, searchRoute)
    const traces = new Set(receiver.spans.map(({ traceId }) => traceId))
    assert.deepEqual([traces.size, traces.has(unsampled.traceId), traces.has(last.traceId)], [3, false, true])
  })

  it('show the call of a server that was killed as failed, and the one in its place beside it', async () => {
    cluster.process('shard-1').kill('SIGKILL')
    for (let query = 10; ; query++) {
      const { traceId, traceparent } = caller()
      await search(madeUpText(query, 5), traceparent)
      const calls = (await spansWith(traceId, searchRoute)).filter(({ name }) => name === 'shard call')
      const failed = calls.find(call => call.failed)
      if (failed === undefined) continue
      assert.equal(failed.attributes['error.type'], 'unavailable')
      const again = calls.find(({ attributes }) => attributes['hypershard.reason'] === 'retry')!
      assert.deepEqual([again.failed, again.parentId], [false, failed.parentId])
      return
    }
  })
})

function servicesOf(spans: readonly SeenSpan[]): string[] {
  return [...new Set(spans.map(({ service }) => service.replace('hypershard-', '')))].sort()
}
