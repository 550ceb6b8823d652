import assert from 'node:assert/strict'
import { captureLog } from '@hypershard/harness'
import { post, put, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('the log of a request', () => {
  const captured = captureLog('warn')
  let coordinator: TestCoordinator

  beforeEach(async () => {
    coordinator = await startTestCoordinator({ servers: 1, log: captured.log })
  })

  afterEach(() => coordinator.stop())

  it('says of what fails on the way which route the request came by', async () => {
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 1 })
    await put(`${coordinator.url}/v1/indexes/papers/documents`, [{ id: 'a', text: 'stars' }])
    coordinator.servers[0]!.failingShards.add(0)
    await post(`${coordinator.url}/v1/indexes/papers/search`, { query: 'stars', min_coverage: 0 })
    const failed = captured.lines.filter(({ msg }) => msg === 'shard search failed')
    assert.deepEqual([...new Set(failed.map(({ route }) => route))], ['POST /v1/indexes/:index/search'])
  })
})
