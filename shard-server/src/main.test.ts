import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient, type UnaryMethod } from '@hypershard/common/grpc'
import { programEnvironment } from '@hypershard/harness'
import { ShardServiceClient } from '@hypershard/proto/shard'
import { service as healthService } from 'grpc-health-check'
import { createTestStore } from './testing/test-shard-server.ts'
import { shardServiceName } from './transport/shard-service.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

describe('a shard server as a process', () => {
  let child: ChildProcess
  let exit: Promise<unknown[]>
  let client: ShardServiceClient
  let store: Awaited<ReturnType<typeof createTestStore>>
  const closing: (() => void)[] = []

  before(async () => {
    store = await createTestStore()
  })

  after(() => store.remove())

  beforeEach(async () => {
    const settings = { HYPERSHARD_SHARD_LISTEN: '127.0.0.1:0', HYPERSHARD_STORE: store.root }
    const env = { ...programEnvironment, HYPERSHARD_SHARD_THREADS: '1', HYPERSHARD_LOG_LEVEL: 'silent', ...settings }
    child = fork(main, { env, silent: true, execArgv: [] })
    exit = once(child, 'exit')
    const [ready] = await once(child, 'message')
    client = connectClient(ShardServiceClient, ready.addresses.grpc)
    const Health = loadPackageDefinition({ Health: healthService }).Health as ServiceClientConstructor
    const health = connectClient(Health, ready.addresses.grpc)
    check = (health.check as unknown as typeof check).bind(health)
    closing.push(
      () => client.close(),
      () => health.close(),
    )
  })

  afterEach(async () => {
    for (const close of closing.splice(0)) close()
    child.kill('SIGKILL')
    await exit
  })

  let check: UnaryMethod<{ service: string }, { status: string }>
  const soon = () => Deadline.after(30_000)

  async function healthOf(service: string): Promise<string> {
    return (await callUnary(check, { service }, soon(), 'shard server')).status
  }

  /** As a coordinator asks. */
  function describeServer(needed: boolean, toldDraining = '') {
    const question = { coordinator: 'c', needed, toldDraining }
    return callUnary(client.describe.bind(client), question, soon(), 'shard server')
  }

  function drain(undo: boolean) {
    return callUnary(client.drain.bind(client), { undo }, soon(), 'shard server')
  }

  /** Until the signal has come through. */
  async function untilDraining() {
    for (;;) {
      const said = await describeServer(true)
      if (said.draining) return said
    }
  }

  it('serves on after SIGTERM until the coordinator that asks needs it no more, and exits with 0', async () => {
    await describeServer(false)
    child.kill('SIGTERM')
    const { life } = await untilDraining()
    assert.deepEqual([await healthOf(''), await healthOf(shardServiceName)], ['SERVING', 'NOT_SERVING'])
    await assert.rejects(drain(true), { code: 'unavailable', message: /told to stop/ })
    assert.equal((await describeServer(true, life)).neededBy, 1)
    assert.equal((await describeServer(false, life)).neededBy, 0)
    assert.deepEqual(await exit, [0, null])
  })

  it('ends at once at a second signal', async () => {
    await describeServer(false)
    child.kill('SIGTERM')
    await untilDraining()
    child.kill('SIGTERM')
    assert.deepEqual(await exit, [null, 'SIGKILL'])
  })

  it('stays when it is drained by a call, serves as before when that is undone, and does not drain after SIGINT', async () => {
    const { life } = await describeServer(false)
    await drain(false)
    assert.equal((await describeServer(false, life)).neededBy, 0)
    assert.deepEqual([await healthOf(''), await healthOf(shardServiceName)], ['SERVING', 'NOT_SERVING'])
    await drain(true)
    assert.equal((await describeServer(false, life)).draining, false)
    assert.equal(await healthOf(shardServiceName), 'SERVING')
    child.kill('SIGINT')
    // One that goes on asking, and needs it, is not waited for.
    const said: boolean[] = []
    await assert.rejects(async () => {
      while (!said.includes(true)) said.push((await describeServer(true)).draining)
    })
    assert.deepEqual(await exit, [0, null])
  })
})
