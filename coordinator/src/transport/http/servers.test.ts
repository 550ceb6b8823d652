import assert from 'node:assert/strict'
import { eventually } from '@hypershard/harness'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('shard servers over HTTP', () => {
  let coordinator: TestCoordinator
  let url: string

  before(async () => {
    coordinator = await startTestCoordinator()
    url = coordinator.url
    await post(`${url}/v1/indexes`, { name: 'papers', shards: 8 })
    const documents = Array.from({ length: 40 }, (_, at) => ({ id: `d${at}`, text: 'stars' }))
    await put(`${url}/v1/indexes/papers/documents`, documents)
  })

  after(() => coordinator.stop())

  const serverUrl = (address: string, order = '') => `${url}/v1/cluster/servers/${encodeURIComponent(address)}${order}`
  const order = (address: string, what: 'drain' | 'undrain') =>
    request(serverUrl(address, `/${what}`), { method: 'POST' })

  it('tell how many shards nobody else has loaded', async () => {
    const counts = async () => {
      const described = await Promise.all(coordinator.servers.map(({ address }) => request(serverUrl(address))))
      return described.map(({ json }) => json.shards_only_here)
    }
    assert.equal(
      (await counts()).reduce((sum, count) => sum + count),
      8,
    )
    const each = await post(`${url}/v1/indexes`, { name: 'copied', shards: 1, replicas: 2 })
    assert.equal(each.status, 201)
    await put(`${url}/v1/indexes/copied/documents`, [{ id: 'a', text: 'stars' }])
    // Both have the second index, once they have loaded it.
    await eventually(async () => (await counts()).reduce((sum, count) => sum + count) === 8)
  })

  it('drain when told to, and no longer when that is undone', async () => {
    const [server] = coordinator.servers
    const { address } = server!
    const before = (await request(serverUrl(address))).json
    assert.equal(before.draining, false)
    assert.equal(before.live, true)
    server!.facts.neededBy = 3
    const { status, json } = await order(address, 'drain')
    assert.deepEqual([status, json.address, json.draining, json.needed_by], [200, address, true, 3])
    assert.equal(server!.facts.draining, true)
    // The other loads what it has.
    await eventually(async () => (await request(serverUrl(address))).json.shards_only_here === 0)
    // What only the two have is on none that stays but the other.
    const other = coordinator.servers[1]!.address
    assert.equal((await request(serverUrl(other))).json.shards_only_here, 9)
    assert.equal((await order(address, 'undrain')).json.draining, false)
    assert.equal(server!.facts.draining, false)
  })

  it('are asked by nobody that they must wait for', async () => {
    const [server] = coordinator.servers
    server!.questions.length = 0
    await request(serverUrl(server!.address))
    assert.ok(server!.questions.some(question => question.coordinator === ''))
  })

  it('are told from addresses that are none', async () => {
    for (const address of ['nowhere.test:1', 'shard-0.test']) {
      const { status, json } = await order(address, 'drain')
      assert.deepEqual([status, json.code, json.details.server], [404, 'server_not_found', address])
    }
  })

  it('say so when they cannot be reached', async () => {
    const [, server] = coordinator.servers
    server!.down = true
    try {
      const { status, json } = await order(server!.address, 'drain')
      assert.deepEqual([status, json.code], [503, 'unavailable'])
    } finally {
      server!.down = false
    }
  })
})
