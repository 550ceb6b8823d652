import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { HypershardError } from '@hypershard/common'
import { fakePrograms, fakeSupervisor } from '@hypershard/harness/cluster'
import { type ClusterEvent, type ClusterOptions, LocalCluster, ProcessFailure } from './index.ts'

describe('a local cluster', () => {
  let dataDirectory: string
  let clusters: LocalCluster[]
  let events: ClusterEvent[]

  beforeEach(() => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'hypershard-cluster-'))
    clusters = []
    events = []
  })

  afterEach(async () => {
    await Promise.all(clusters.map(cluster => cluster.stop()))
    rmSync(dataDirectory, { recursive: true })
  })

  function create(options: Partial<ClusterOptions> & { fake?: Record<string, string> } = {}): LocalCluster {
    const { fake, ...rest } = options
    const cluster = new LocalCluster({
      dataDirectory,
      modelDirectories: ['none'],
      shardServers: 2,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: { ...process.env, ...fake },
      programs: fakePrograms,
      restart: true,
      onEvent: event => events.push(event),
      ...rest,
    })
    clusters.push(cluster)
    return cluster
  }

  async function until(what: string, condition: () => boolean): Promise<void> {
    for (let attempt = 0; attempt < 3_000; attempt++) {
      if (condition()) return
      await wait(20)
    }
    assert.fail(`never happened: ${what}`)
  }

  const eventNames = () => events.map(event => event.type)

  it('is separate processes, ready when the coordinator says so', async () => {
    const cluster = create()
    await cluster.start()
    assert.deepEqual(
      cluster.processes.map(service => service.name),
      ['encoder', 'shard-1', 'shard-2', 'coordinator', 'indexer'],
    )
    const pids = new Set(cluster.processes.map(service => service.pid))
    assert.equal(pids.size, 5)
    assert.ok(!pids.has(undefined) && !pids.has(process.pid))
    assert.equal((await fetch(`${cluster.httpUrl}/readyz`)).status, 200)
    assert.match(cluster.grpcAddress, /^127\.0\.0\.1:\d+$/)
    const admins = cluster.processes.map(({ adminAddress }) => adminAddress)
    assert.equal(new Set(admins).size, 5)
    for (const address of admins) assert.match(address, /^127\.0\.0\.1:\d+$/)
  })

  it('stops the coordinator first and the encoder last, and gives the data directory back', async () => {
    const cluster = create()
    await cluster.start()
    const pids = cluster.processes.map(service => service.pid!)
    await cluster.stop()
    assert.equal(await cluster.closed, undefined)
    assert.deepEqual(pids.filter(isAlive), [])
    assert.match(readFileSync(join(dataDirectory, 'logs', 'encoder.log'), 'utf8'), /encoder stopped/)
    // A server that the whole cluster ends with has nobody to drain for.
    assert.match(readFileSync(join(dataDirectory, 'logs', 'shard-1.log'), 'utf8'), /shard stopped by SIGINT/)
    const second = create()
    await second.start()
  })

  it('starts a crashed process again at the same address', async () => {
    const cluster = create()
    await cluster.start()
    const before = cluster.processes[1]!
    before.kill('SIGKILL')
    await until('restart', () => eventNames().includes('restarted'))
    const after = cluster.processes[1]!
    assert.equal(after.address, before.address)
    assert.equal(after.adminAddress, before.adminAddress)
    assert.notEqual(after.pid, before.pid)
    assert.deepEqual(
      events.find(event => event.type === 'crashed'),
      { type: 'crashed', name: 'shard-1', exit: { code: null, signal: 'SIGKILL' }, restartInMs: 100 },
    )
  })

  it('leaves a crashed process down when told so, until it is started again', async () => {
    const cluster = create({ restart: false })
    await cluster.start()
    const before = cluster.processes.at(-1)!
    before.kill('SIGKILL')
    await until('crash', () => eventNames().includes('crashed'))
    assert.equal(cluster.processes.at(-1)!.pid, undefined)
    await cluster.restartProcess('coordinator')
    assert.equal(cluster.processes.at(-1)!.address, before.address)
    assert.equal((await fetch(`${cluster.httpUrl}/readyz`)).status, 200)
  })

  it('starts a running and even a halted process again on request', async () => {
    const cluster = create()
    await cluster.start()
    const before = cluster.processes[2]!
    before.kill('SIGSTOP')
    await cluster.restartProcess('shard-2')
    assert.notEqual(cluster.processes[2]!.pid, before.pid)
    assert.ok(!eventNames().includes('crashed'))
    // It heard the request to stop: nobody had to kill it after ten seconds.
    assert.match(readFileSync(before.logPath, 'utf8'), /shard stopped by SIGTERM/, 'it may drain')
  })

  it('gives up on a process that crashes again and again, and stops the others', async () => {
    const cluster = create({ fake: { FAKE_CRASH: 'encoder' } })
    const started = cluster.start().catch((error: unknown) => error)
    const failure = await cluster.closed
    assert.ok(failure instanceof ProcessFailure)
    assert.match(failure.message, /^encoder crashed too often within a minute \(exit code 3\)/)
    assert.equal(eventNames().filter(name => name === 'crashed').length, 5)
    assert.ok(cluster.processes.every(service => service.pid === undefined))
    await started
  })

  it('says why a process could not start, does not try again, and leaves nothing running', async () => {
    const cluster = create({ fake: { FAKE_FATAL: 'shard' } })
    await assert.rejects(cluster.start(), (error: unknown) => {
      assert.ok(error instanceof ProcessFailure)
      assert.equal(error.code, 'invalid_model')
      assert.match(error.message, /^shard-\d could not start \(exit code 78\): models\/none: model\.json is missing/)
      return true
    })
    assert.ok(!eventNames().includes('crashed'))
    assert.ok(cluster.processes.every(service => service.pid === undefined))
  })

  describe('whose servers announce themselves', () => {
    const fake = { HYPERSHARD_MEMBERSHIP_REDIS_URL: 'redis://127.0.0.1:1' }
    const names = (cluster: LocalCluster) => cluster.processes.map(({ name }) => name)

    it('takes more servers while it runs, under names that nothing had before', async () => {
      const cluster = create({ fake, shardServers: 1 })
      await cluster.start()
      const added = await cluster.addShardServer()
      assert.ok(added.name === 'shard-2' && isAlive(added.pid!))
      assert.match(added.address, /^127\.0\.0\.1:\d+$/)
      await cluster.removeProcess('shard-2', { signal: 'SIGTERM' })
      await cluster.addShardServer()
      await cluster.addEncoder()
      assert.deepEqual(names(cluster), ['encoder', 'shard-1', 'coordinator', 'indexer', 'shard-3', 'encoder-2'])
      assert.deepEqual(
        events.flatMap(event => (event.type === 'added' || event.type === 'removed' ? [event.name] : [])),
        ['shard-2', 'shard-2', 'shard-3', 'encoder-2'],
      )
    })

    it('takes a server away for good, asked or killed', async () => {
      const cluster = create({ fake })
      await cluster.start()
      const [asked, killed] = ['shard-1', 'shard-2'].map(name => cluster.processes.find(each => each.name === name)!)
      assert.deepEqual(await cluster.removeProcess('shard-1', { signal: 'SIGTERM' }), { code: 0, signal: null })
      assert.deepEqual(await cluster.removeProcess('shard-2', { signal: 'SIGKILL' }), { code: null, signal: 'SIGKILL' })
      assert.deepEqual(
        [asked, killed].filter(each => isAlive(each!.pid!)),
        [],
      )
      assert.deepEqual(names(cluster), ['encoder', 'coordinator', 'indexer'])
      await assert.rejects(cluster.restartProcess('shard-2'), /has no process `shard-2`/)
      assert.ok(!eventNames().includes('crashed'))
    })

    it('is as before when a server could not be added', async () => {
      const environment: Record<string, string | undefined> = { ...process.env, ...fake }
      const cluster = create({ environment })
      await cluster.start()
      environment.FAKE_FATAL = 'shard'
      const before = names(cluster)
      await assert.rejects(cluster.addShardServer(), ProcessFailure)
      assert.deepEqual(names(cluster), before)
    })
  })

  it('adds nothing to a fixed list of servers, and keeps what it cannot be without', async () => {
    const cluster = create()
    await cluster.start()
    await assert.rejects(
      cluster.addShardServer(),
      (error: unknown) => error instanceof HypershardError && /are a fixed list; start it with/.test(error.message),
    )
    await assert.rejects(
      cluster.removeProcess('coordinator', { signal: 'SIGTERM' }),
      /without its process `coordinator`/,
    )
    assert.equal(cluster.processes.length, 5)
  })

  it('refuses a data directory in use and leaves its user alone', async () => {
    const first = create()
    await first.start()
    await assert.rejects(
      create().start(),
      (error: unknown) => error instanceof HypershardError && error.code === 'conflict',
    )
    assert.equal((await fetch(`${first.httpUrl}/readyz`)).status, 200)
  })

  it('can be stopped while it starts', async () => {
    const cluster = create()
    const started = cluster.start()
    await cluster.stop()
    await assert.rejects(started, (error: unknown) => error instanceof HypershardError && error.code === 'cancelled')
    assert.ok(cluster.processes.every(service => service.pid === undefined))
  })

  it('leaves no orphan when its supervisor is killed', async () => {
    const supervisor = spawn(process.execPath, [fakeSupervisor, dataDirectory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(supervisor.stdout, 'data')
    const pids = JSON.parse(String(line)) as number[]
    assert.equal(pids.filter(isAlive).length, 5)
    supervisor.kill('SIGKILL')
    await until('all ended', () => pids.every(pid => !isAlive(pid)))
    await create().start()
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
