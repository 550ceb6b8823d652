import assert from 'node:assert/strict'
import type { ClusterDescription } from '@hypershard/contract'
import { casesOf, softwareGpuEnvironment, useSoftwareGpu } from '@hypershard/harness'
import { madeUpDocuments, madeUpText, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'

const clusters: TestCluster[] = []

/** GPUs are played by the CPU: seconds of compiling shaders, so that there is one model and one index. */
describe('a cluster of one server on the CPU and one with a device', () => {
  const queries = casesOf({ usual: 12, thorough: 200 })

  const deleted = { ids: ['document-3', 'document-40'] }

  before(async function () {
    useSoftwareGpu(this)
    const device = {
      HYPERSHARD_SHARD_DEVICE: 'webgpu',
      HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES: '100000000',
      HYPERSHARD_SHARD_DEVICE_ROWS_MIN: '1',
      ...softwareGpuEnvironment(),
    }
    clusters.push(await startTestCluster({ shardServers: 2, shardEnvironments: [{}, device], restart: false }))
    clusters.push(await startTestCluster({ shardServers: 1 }))
    for (const cluster of clusters) {
      const index = { name: 'i', shards: 2, replicas: 2, fields: { number: { type: 'number' } } }
      assert.equal((await cluster.request('POST', '/v1/indexes', index)).status, 201)
      const put = await cluster.put('i', madeUpDocuments(300))
      assert.deepEqual([put.status, put.body.failed], [200, 0])
      assert.equal(
        (await cluster.request('POST', '/v1/indexes/i/documents/delete?wait_for=searchable', deleted)).status,
        200,
      )
    }
  })

  after(() => Promise.all(clusters.map(cluster => cluster.stop())))

  it('tells in GET /v1/cluster what each server scores on', async () => {
    const { body } = await clusters[0]!.request<ClusterDescription>('GET', '/v1/cluster')
    const servers = body.servers.toSorted((a, b) => a.device!.localeCompare(b.device!))
    assert.deepEqual(
      servers.map(({ device }) => device),
      ['cpu', 'webgpu'],
    )
    const [onCpu, onDevice] = servers.map(server => server.device_memory)
    assert.equal(onCpu, null)
    assert(onDevice!.held_bytes > 0)
    assert.deepEqual(onDevice, { ...onDevice, limit_bytes: 100_000_000, cpu_segments: 0, cpu_bytes: 0 })
  })

  it(`answers ${queries} queries with filters, ties and pages as the CPU alone does, to the bit`, async () => {
    let ties = 0
    for (let query = 0; query < queries; query++) {
      // Whoever is quicker is asked more: from here on the device has to answer all.
      if (query === Math.floor(queries / 2)) clusters[0]!.process('shard-1').kill('SIGKILL')
      const filter = query % 3 === 0 ? { filter: { field: 'number', lt: 200 } } : {}
      const plan = query % 2 === 1 ? { plan: 'tangent', candidates: 20 } : { plan: 'exact' }
      const options = { k: 15, ids_only: true, ...plan, timeout_ms: 100_000, ...filter }
      const { hits, cursors } = await sameAnswer(
        query,
        clusters.map(() => options),
      )
      ties += hits.filter((hit, rank) => hit.score === hits[rank + 1]?.score).length
      if (query % 5 === 0)
        await sameAnswer(
          query,
          cursors.map(cursor => ({ ...options, cursor })),
        )
    }
    assert(ties > queries / 5, `only ${ties} ties: the test does not test them`)
    const [exactly, byTangent] = await shardsRankedByDevice(clusters[0]!)
    // Where equal documents are candidates or none, the CPU ranks again.
    assert(exactly! >= queries / 4 && byTangent! >= queries / 20, `the device ranked ${exactly} and ${byTangent}`)
  })
})

/** @param options of each cluster's search: cursors are a cluster's own */
async function sameAnswer(query: number, options: readonly object[]) {
  const text = madeUpText(10_000 + query, 4)
  const answers = await Promise.all(clusters.map((cluster, at) => cluster.search('i', text, options[at])))
  const [mixed, plain] = answers
  assert.equal(mixed!.status, 200, JSON.stringify(mixed!.body))
  assert(mixed!.body.hits.length > 0)
  assert.deepEqual(mixed!.body.hits, plain!.body.hits)
  assert.deepEqual(mixed!.body.coverage, plain!.body.coverage)
  return { hits: mixed!.body.hits, cursors: answers.map(({ body }) => body.next_cursor) }
}

/** Exactly, and by tangent. */
async function shardsRankedByDevice(cluster: TestCluster): Promise<number[]> {
  const page = await fetch(`http://${cluster.process('shard-2').adminAddress}/metrics`)
  const text = await page.text()
  return ['shards', 'tangents'].map(what => {
    const found = text.matchAll(
      new RegExp(`^hypershard_device_${what}_total\\{.*outcome="(?:certain|widened)".*\\} (\\d+)`, 'gm'),
    )
    return [...found].reduce((sum, [, value]) => sum + Number(value), 0)
  })
}
