import assert from 'node:assert/strict'
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { connectClient, Deadline } from '@hypershard/common'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { StopReason } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import { service as healthService } from 'grpc-health-check'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

describe('a shard server during a scan of seconds', () => {
  const heavy = testQNet(publishedArchitecture(256, 8))
  let manifest: Manifest
  let root: string
  let removeStore: () => Promise<void>
  let server: TestShardServer

  beforeEach(async function () {
    this.timeout(30_000)
    const made = await createTestStore()
    root = made.root
    removeStore = made.remove
    const documents = testDocuments(512, 256)
    const many = Array.from({ length: 120 }, (_, copy) =>
      documents.map(({ id, vector }) => ({ id: `${id}-${copy}`, vector })),
    ).flat()
    manifest = await putTestDocuments(
      made.store,
      await createTestIndex(made.store, { name: 'a', width: 256, shards: 2 }),
      many,
    )
  })

  afterEach(async () => {
    await server.stop()
    await removeStore()
    assert.deepEqual(server.deaths, [])
  })

  it('answers health checks within 50 ms meanwhile', async () => {
    server = await startTestShardServer(root)
    await server.prepare(manifest, [0, 1])
    const Health = loadPackageDefinition({ Health: healthService }).Health as ServiceClientConstructor
    const health = connectClient(Health, server.address)
    try {
      const check = () =>
        new Promise<void>((resolve, reject) =>
          health.check!({ service: '' }, (error: Error | null) => (error ? reject(error) : resolve())),
        )
      await check()
      let scanning = true
      const scan = server.search(manifest, { qnet: heavy }).finally(() => {
        scanning = false
      })
      const times: number[] = []
      while (scanning) {
        const startMs = performance.now()
        await check()
        times.push(performance.now() - startMs)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      assert.equal((await scan).results[0]!.stopReason, StopReason.STOP_REASON_COMPLETE)
      assert(times.length >= 10, `only ${times.length} health checks during the scan`)
      // Scoring on the main thread would make every check wait for the whole scan.
      const slow = times.filter(ms => ms > 50)
      assert(slow.length <= times.length / 10, `health checks took ${times.map(Math.round).join(', ')} ms`)
    } finally {
      health.close()
    }
  })

  it('stops at the deadline, in time to answer, with the best so far and how many it scored', async () => {
    server = await startTestShardServer(root)
    await server.prepare(manifest, [0, 1])
    await server.search(manifest, { qnet: heavy, limit: 1 }, Deadline.after(300))
    const { results } = await server.search(manifest, { qnet: heavy }, Deadline.after(300))
    const scored = results.reduce((sum, result) => sum + result.documentsScored, 0)
    assert(scored > 0 && scored < 512 * 120, `scored ${scored}`)
    assert.equal(results.at(-1)!.stopReason, StopReason.STOP_REASON_DEADLINE)
    assert.equal(results[0]!.hits.length, 10)
  })

  it('stops when the caller goes away: the next query does not wait for it', async () => {
    server = await startTestShardServer(root, { HYPERSHARD_SHARD_SEARCHES_MAX: 1 })
    await server.prepare(manifest, [0, 1])
    const caller = new AbortController()
    const left = server.search(manifest, { qnet: heavy }, Deadline.after(20_000, { signal: caller.signal }))
    await new Promise(resolve => setTimeout(resolve, 100))
    await assert.rejects(server.search(manifest, { qnet: heavy }), { code: 'overloaded' })
    caller.abort()
    await assert.rejects(left, { code: 'cancelled' })
    await new Promise(resolve => setTimeout(resolve, 200))
    const { results } = await server.search(manifest, { qnet: heavy }, Deadline.after(400))
    assert(results[0]!.documentsScored > 0)
  })
})
