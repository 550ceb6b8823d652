import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningService } from '@hypershard/common'
import { FakeEncoder } from '@hypershard/harness'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import {
  post,
  put,
  request,
  startTestCoordinator,
  startTestIndexer,
  type TestCoordinator,
} from '../../testing/test-coordinator.ts'

describe('two coordinators and three indexers on one store and Redis', () => {
  let storeDirectory: string
  let redis: RedisServer | undefined
  let coordinators: TestCoordinator[]
  let indexers: RunningService[]

  before(async () => {
    storeDirectory = await mkdtemp(join(tmpdir(), 'hypershard-several-'))
    redis = await startRedisServer()
    const shared = { storeDirectory, indexer: false }
    coordinators = [await startTestCoordinator(shared), await startTestCoordinator(shared)]
    const settings: Record<string, string> = redis === undefined ? {} : { HYPERSHARD_INDEXER_REDIS_URL: redis.url }
    const encoder = new FakeEncoder()
    const starting = Array.from({ length: 3 }, () => startTestIndexer(storeDirectory, encoder, { settings }))
    indexers = await Promise.all(starting)
  })

  after(async () => {
    for (const running of [...coordinators, ...indexers]) await running.stop()
    await redis?.stop()
    await rm(storeDirectory, { recursive: true, force: true })
  })

  it('make one linear history of what all write, and lose no update', async () => {
    const urls = coordinators.map(({ url }) => `${url}/v1/indexes/papers`)
    await post(`${coordinators[0]!.url}/v1/indexes`, { name: 'papers', shards: 2 })
    while ((await request(urls[1]!)).status !== 200) await new Promise(resolve => setTimeout(resolve, 20))

    const sequences: number[] = []
    /** Adds one to a counter that all share, by a write that holds only for what was read. */
    const increment = async (writer: number): Promise<void> => {
      for (;;) {
        const index = urls[writer % 2]!
        const { json: read } = await request(`${index}/documents/counter`)
        const n = read.fields === undefined ? 0 : read.fields.n
        const next = { id: 'counter', text: 'stars', n: n + 1, _if_version: read.version ?? 0 }
        const own = { id: `w${writer}-${n}`, text: 'stars' }
        const { json } = await put(`${index}/documents?wait_for=durable`, [next, own])
        if (json.sequence !== null) sequences.push(json.sequence)
        if (json.failed === 0) return
      }
    }
    await Promise.all(Array.from({ length: 12 }, (_, writer) => increment(writer)))

    assert.equal(new Set(sequences).size, sequences.length, 'two writes have one number')
    assert.deepEqual(
      sequences.toSorted((a, b) => a - b),
      Array.from({ length: sequences.length }, (_, at) => at + 1),
    )
    for (const index of urls) {
      const search = { query: 'stars', k: 1_000, min_sequence: Math.max(...sequences) }
      const { json } = await post(`${index}/search`, search)
      const counter = json.hits.filter(({ id }: { id: string }) => id === 'counter')
      assert.deepEqual([counter.length, counter[0].fields.n], [1, 12])
      assert.equal((await post(`${index}/verify`, {})).json.problems.length, 0)
    }
  })
})
