import assert from 'node:assert/strict'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { declaredMetrics } from '../../scripts/render-metrics-page.ts'

const titles: Readonly<Record<string, string>> = {
  coordinator: 'Coordinator',
  encoder: 'Encoder service',
  indexer: 'Indexer',
  'shard-1': 'Shard server',
  'shard-2': 'Shard server',
}

interface Scraped {
  /** Names of what was told, as declared. */
  readonly names: ReadonlySet<string>
  /** The sum of all series of a name that have these labels. */
  sum(name: string, labels?: string): number
}

function read(text: string): Scraped {
  const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1]!))
  const series = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)]
  return {
    names,
    sum: (name, labels = '') =>
      series
        .filter(([, own, given = '']) => own === name && given.includes(labels))
        .reduce((sum, [, , , value]) => sum + Number(value), 0),
  }
}

describe('the admin listeners of a cluster', function () {
  this.timeout(120_000)
  let test: TestCluster

  before(async () => {
    test = await startTestCluster()
  })

  after(() => test.stop())

  const get = async (process: string, path: string) => {
    const response = await fetch(`http://${test.process(process).adminAddress}${path}`)
    return { status: response.status, text: await response.text() }
  }
  const scrape = async (process: string) => read((await get(process, '/metrics')).text)

  it('tell what was done, the same from both ends of a call', async () => {
    await test.request('POST', '/v1/indexes', { name: 'papers', shards: 4 })
    const documents = madeUpDocuments(60)
    assert.equal((await test.put('papers', documents)).body.accepted, documents.length)
    const searches = 5
    for (let at = 0; at < searches; at++) {
      const { status } = await test.search('papers', `ba ce ${at}`, { plan: 'exact' })
      assert.equal(status, 200)
    }
    assert.equal((await test.search('none', 'ba')).status, 404)
    const coordinator = await scrape('coordinator')
    assert.equal(coordinator.sum('hypershard_searches_total', 'outcome="complete"'), searches)
    assert.equal(coordinator.sum('hypershard_searches_total'), searches + 1)
    assert.equal(coordinator.sum('hypershard_search_seconds_count'), searches + 1)
    assert.equal(coordinator.sum('hypershard_search_scored_documents_total'), searches * documents.length)
    const servers = await Promise.all(['shard-1', 'shard-2'].map(scrape))
    const ofServers = (name: string, labels?: string) => servers.reduce((sum, one) => sum + one.sum(name, labels), 0)
    assert.equal(ofServers('hypershard_scored_documents_total'), searches * documents.length)
    const calls = coordinator.sum('hypershard_shard_call_seconds_count', 'result="answered"')
    assert.equal(ofServers('hypershard_shard_searches_total', 'outcome="answered"'), calls)
    const encoder = await scrape('encoder')
    assert.equal(encoder.sum('hypershard_encoder_texts_total', 'lane="document"'), documents.length)
    assert.ok(encoder.sum('hypershard_encoder_texts_total', 'lane="query"') >= searches)
    await eventually(
      async () => (await scrape('indexer')).sum('hypershard_indexed_documents_total') === documents.length,
    )
  })

  it('name every metric that their process declares', async () => {
    for (const [process, title] of Object.entries(titles)) {
      const { names } = await scrape(process)
      const declared = declaredMetrics.filter(own => own.title === title || own.title === 'Every process')
      const missing = declared.flatMap(({ metrics }) => metrics).filter(({ name }) => !names.has(name))
      assert.deepEqual(
        missing.map(({ name }) => name),
        [],
        process,
      )
      assert.ok(names.has('nodejs_eventloop_lag_p99_seconds') && names.has('nodejs_gc_duration_seconds'))
    }
  })

  it('say that each process lives and can do its work, and a server not while it drains', async () => {
    for (const process of Object.keys(titles)) {
      assert.equal((await get(process, '/healthz')).status, 200, process)
      await eventually(async () => (await get(process, '/readyz')).status === 200)
    }
    const { address } = test.process('shard-1')
    await test.request('POST', `/v1/cluster/servers/${encodeURIComponent(address)}/drain`, {})
    const drained = await get('shard-1', '/readyz')
    assert.equal(drained.status, 503)
    assert.match(drained.text, /draining/)
    assert.equal((await scrape('shard-1')).sum('hypershard_draining'), 1)
    assert.equal((await get('shard-1', '/healthz')).status, 200)
    await test.request('POST', `/v1/cluster/servers/${encodeURIComponent(address)}/undrain`, {})
    assert.equal((await get('shard-1', '/readyz')).status, 200)
  })

  it('say that a coordinator whose shard servers are gone is not ready', async () => {
    await test.cluster.removeProcess('shard-1', { signal: 'SIGKILL' })
    await test.cluster.removeProcess('shard-2', { signal: 'SIGKILL' })
    await eventually(async () => (await get('coordinator', '/readyz')).status === 503)
    assert.match((await get('coordinator', '/readyz')).text, /no live server has loaded shard/)
    const down = async () => (await scrape('coordinator')).sum('hypershard_cluster_shard_servers', 'state="down"')
    await eventually(async () => (await down()) === 2)
  })
})
