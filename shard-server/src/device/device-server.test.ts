import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient, type UnaryMethod } from '@hypershard/common/grpc'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { ShardServiceClient } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import { service as healthService } from 'grpc-health-check'
import type { BlockingDeviceData } from '../testing/blocking-device-thread.ts'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from '../testing/test-shard-server.ts'
import { ThreadCalls } from '../threads/thread-calls.ts'
import { shardServiceName } from '../transport/shard-service.ts'
import { DeviceBackend } from './device-backend.ts'
import type { DeviceAnswer, ToDeviceThread } from './messages.ts'
import { deviceMetrics } from './metrics.ts'
import type { openBackend } from './open-device.ts'

const width = 16
const qnet = testQNet(publishedArchitecture(width, 1))

/** A server whose device is in the middle of a run for as long as a test wants. */
describe('a shard server whose device is busy, hangs or fails', () => {
  let store: Awaited<ReturnType<typeof createTestStore>>
  let pipe: string
  let server: TestShardServer
  let manifest: Manifest
  let client: ShardServiceClient
  let check: UnaryMethod<{ service: string }, { status: string }>
  let run: FileHandle | undefined
  let waits: { readonly work: () => void; readonly ms: number }[]
  const closing: (() => void)[] = []

  beforeEach(async () => {
    waits = []
    store = await createTestStore()
    pipe = join(store.root, 'pipe')
    execFileSync('mkfifo', [pipe])
    server = await startTestShardServer(store.root, {}, {}, openBlocking)
    const empty = await createTestIndex(store.store, { name: 'a', width, shards: 1 })
    manifest = await putTestDocuments(store.store, empty, testDocuments(200, width))
    await server.prepare(manifest, [0])
    client = connectClient(ShardServiceClient, server.address)
    const Health = loadPackageDefinition({ Health: healthService }).Health as ServiceClientConstructor
    const health = connectClient(Health, server.address)
    check = (health.check as unknown as typeof check).bind(health)
    closing.push(
      () => client.close(),
      () => health.close(),
    )
  })

  afterEach(async () => {
    await goOn()
    for (const close of closing.splice(0)) close()
    await server.stop()
    await store.remove()
  })

  const openBlocking: typeof openBackend = async (_, { pool, log, meter, onLost }) => {
    const file = new URL('../testing/blocking-device-thread.ts', import.meta.url)
    const workerData: BlockingDeviceData = {
      provider: { name: 'cpu', number: 0 },
      precision: 'f32',
      chunkBytesMax: 1e6,
      weightsBytesMax: 1e6,
      pipe,
    }
    return new DeviceBackend({
      device: 'test',
      pool,
      startThread: onDeath =>
        new ThreadCalls<ToDeviceThread, DeviceAnswer>({ name: 'device', file, workerData, log, onDeath }),
      memoryBytesMax: 1e9,
      weightsBytesMax: 0,
      whenFull: 'cpu',
      onLost,
      log,
      outcomes: meter.counter(deviceMetrics.shards),
      tangentOutcomes: meter.counter(deviceMetrics.tangents),
      deviceRowsMin: 1,
      later: (work, ms) => {
        const wait = { work, ms }
        waits.push(wait)
        return () => void waits.splice(waits.indexOf(wait), 1)
      },
    })
  }

  const soon = () => Deadline.after(30_000)
  const search = (deadline = soon()) => server.search(manifest, { qnet }, deadline)
  /** Until the device's thread is in a run, which goes on once it is told. */
  async function untilRunning(): Promise<void> {
    run = await open(pipe, 'w')
  }

  async function goOn(word = ''): Promise<void> {
    await run?.writeFile(word)
    await run?.close()
    run = undefined
  }

  function describeServer() {
    const question = { coordinator: 'c', needed: false, toldDraining: '' }
    return callUnary(client.describe.bind(client), question, soon(), 'shard server')
  }

  function healthOf(service: string): Promise<string> {
    return callUnary(check, { service }, soon(), 'shard server').then(({ status }) => status)
  }

  /** What coordinators ask, what probes ask of the server and of the service. */
  async function expectHealthy(): Promise<void> {
    assert.equal((await describeServer()).device, 'test')
    assert.deepEqual([await healthOf(''), await healthOf(shardServiceName)], ['SERVING', 'SERVING'])
  }

  async function expectLost(): Promise<void> {
    await assert.rejects(describeServer(), { code: 'unavailable', message: /device is lost/ })
    assert.deepEqual([await healthOf(''), await healthOf(shardServiceName)], ['NOT_SERVING', 'NOT_SERVING'])
    await assert.rejects(search(), { code: 'unavailable', message: /device is lost/ })
  }

  it('answers health checks while the device runs', async () => {
    const events: string[] = []
    const searched = search().then(({ results }) => {
      events.push('searched')
      return results[0]!.hits.length
    })
    await untilRunning()
    await expectHealthy()
    events.push('healthy')
    await goOn()
    assert.equal(await searched, 10)
    assert.deepEqual(events, ['healthy', 'searched'])
  })

  it('keeps a query to its deadline while the device hangs, and is lost once it has hung for long', async () => {
    const late = search(Deadline.after(500))
    await untilRunning()
    await assert.rejects(late, { code: 'deadline_exceeded' })
    await expectHealthy()
    const [hung] = waits
    assert(waits.length === 1 && hung!.ms <= 30_500, 'it waits for the device for as long as the query has, and 30 s')
    hung!.work()
    await expectLost()
    await goOn()
  })

  it('says by every health check that it serves no more once the device is lost, and draining changes nothing', async () => {
    const failed = assert.rejects(search(), { code: 'unavailable', message: /device is lost/ })
    await untilRunning()
    await goOn('end')
    await failed
    await expectLost()
    const drain = (undo: boolean) => callUnary(client.drain.bind(client), { undo }, soon(), 'shard server')
    await drain(false)
    await drain(true)
    await expectLost()
  })
})
