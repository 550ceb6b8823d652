import assert from 'node:assert/strict'
import { eventually } from '@hypershard/harness'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

const documents = Array.from({ length: 40 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))

describe('shards that move, over HTTP', () => {
  let coordinator: TestCoordinator

  afterEach(() => coordinator.stop())

  async function start(environment: Record<string, string> = {}): Promise<void> {
    coordinator = await startTestCoordinator({ environment })
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 4 })
  }

  const cluster = async () => (await request(`${coordinator.url}/v1/cluster`)).json
  const search = () => post(`${coordinator.url}/v1/indexes/papers/search`, { query: 'stars', k: 100 })
  const isReady = async () => (await request(`${coordinator.url}/readyz`)).status === 200

  it('are loaded by the others once a server is away for longer than the grace', async () => {
    await start({ HYPERSHARD_REPLACE_AFTER_MS: '200' })
    await put(`${coordinator.url}/v1/indexes/papers/documents`, documents)
    const { view } = await cluster()
    coordinator.servers[0]!.down = true
    await eventually(async () => (await cluster()).view > view && (await isReady()))
    assert.equal((await search()).json.hits.length, documents.length)
    const [gone] = (await cluster()).servers
    assert.deepEqual([gone.live, gone.placed_since, gone.shards], [false, null, []])
    const [, { shards }] = (await cluster()).servers
    assert.deepEqual([shards.length, shards[0].generation, shards[0].shard, shards[0].warm], [4, 1, 0, true])
    assert.ok(Date.parse(gone.down_since) <= Date.now())
  })

  it('leave a server that drains, which is told once nobody needs it', async () => {
    await start()
    await put(`${coordinator.url}/v1/indexes/papers/documents`, documents)
    const [server] = coordinator.servers
    const needs = () => server!.questions.at(-1)!.needed
    await eventually(needs)
    server!.facts.draining = true
    await eventually(() => !needs())
    const [drained] = (await cluster()).servers
    assert.deepEqual([drained.draining, drained.placed_since], [true, null])
    const { length } = server!.searches
    assert.equal((await search()).json.hits.length, documents.length)
    assert.equal(server!.searches.length, length)
  })

  it('are named with what they need when no server has memory for them', async () => {
    await start()
    for (const server of coordinator.servers) for (let shard = 0; shard < 4; shard++) server.fullFor.add(shard)
    await put(`${coordinator.url}/v1/indexes/papers/documents?wait_for=durable`, documents)
    await eventually(async () => (await cluster()).unplaced.length === 4)
    const [{ index, shard, needed_bytes, replicas, placed, servers }] = (await cluster()).unplaced
    assert.deepEqual([index, shard, replicas, placed, servers.length], ['papers', 0, 1, 0, 2])
    assert.ok(needed_bytes > 0)
    const { status, json } = await request(`${coordinator.url}/readyz`)
    assert.equal(status, 503)
    assert.match(
      json.detail,
      /no server has memory for shard 0 of papers, about \d+ bytes: shard-0\.test:7710 has \d+ free/,
    )
    assert.equal(json.details.unplaced.length, 4)
    for (const server of coordinator.servers) {
      server.fullFor.clear()
      server.facts.memoryFreeBytes *= 2
    }
    await eventually(isReady)
    assert.deepEqual((await cluster()).unplaced, [])
  })
})
