import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { type DrivenServer, driveCluster, shardBytes } from '../testing/cluster-driver.ts'
import { describeServers } from './describe-servers.ts'
import { releaseAfterMs } from './shard-releaser.ts'

type Driven = ReturnType<typeof driveCluster>

/** The servers that have each shard loaded at the version that searches pin. */
function loadedOn({ servers, coordinator }: Driven): string[][] {
  const { manifest } = coordinator.catalog.entry
  return Array.from({ length: manifest.shards }, (_, shard) =>
    [...servers.values()].filter(server => !server.down && server.has(manifest, shard)).map(({ address }) => address),
  )
}

const placed = ({ coordinator }: Driven) =>
  coordinator.catalog.entry.manifest.segments.map(({ shard }) => coordinator.holders(shard).toSorted())

const firsts = ({ coordinator }: Driven) =>
  coordinator.catalog.entry.manifest.segments.map(({ shard }) => coordinator.route(shard)[0]?.address)

/** A cluster of two servers that have everything loaded, and a third that is named and takes its time to load. */
async function startMove(options: { shards?: number; replicas?: number; coordinators?: number } = {}) {
  const driven = driveCluster({ servers: 2, shards: 6, replicas: 1, ...options })
  await driven.pass(500)
  const before = loadedOn(driven)
  const joining = driven.addServer()
  joining.shutGate()
  driven.name('s0:1', 's1:1', 's2:1')
  await driven.pass(500)
  const moving = placed(driven).flatMap((holders, shard) => (holders.includes('s2:1') ? [shard] : []))
  assert.ok(moving.length > 0, 'something moves')
  return { ...driven, before, joining, moving }
}

describe('a shard that moves', () => {
  it('is searched where it is loaded until its new holder has loaded it, and let go of a while later', async () => {
    const driven = await startMove()
    const { joining, moving, before, pass, servers } = driven
    assert.deepEqual(
      firsts(driven),
      before.map(([holder]) => holder),
    )
    joining.openGate()
    await pass(500)
    for (const shard of moving) assert.equal(firsts(driven)[shard], 's2:1')
    await pass(releaseAfterMs - 1_000)
    for (const shard of moving) assert.equal(loadedOn(driven)[shard]!.length, 2)
    await pass(10_000)
    assert.deepEqual(loadedOn(driven), placed(driven))
    const released = ['s0:1', 's1:1'].flatMap(address => servers.get(address)!.releasedShards)
    for (const shard of moving) assert.ok(released.includes(`u/1/${shard}`))
  })

  it('is let go of by nobody while its new holder has not loaded it, however long that takes', async () => {
    const driven = await startMove()
    await driven.pass(3 * releaseAfterMs)
    assert.deepEqual(loadedOn(driven), driven.before)
  })

  it('is loaded in every new version by who serves it, so that a write waits for no server that joins', async () => {
    const driven = await startMove()
    const { coordinator, before, joining, pass } = driven
    for (let version = 2; version <= 4; version++) {
      let committed = false
      void coordinator.commit(coordinator.catalog.next()).then(() => {
        committed = true
      })
      await pass(500)
      assert.equal(committed, true)
      assert.equal(coordinator.warmer.whyIncomplete(coordinator.catalog.entry), undefined)
      assert.deepEqual(
        firsts(driven),
        before.map(([holder]) => holder),
      )
    }
    joining.openGate()
    await pass(1_000)
    assert.deepEqual(
      firsts(driven),
      placed(driven).map(([holder]) => holder),
    )
  })

  it('is loaded by no old holder any more once the new one has it', async () => {
    const driven = await startMove()
    const { coordinator, joining, moving, pass } = driven
    joining.openGate()
    await pass(1_000)
    await coordinator.commit(coordinator.catalog.next())
    assert.deepEqual(
      moving.map(shard => loadedOn(driven)[shard]),
      moving.map(() => ['s2:1']),
    )
  })

  it('is loaded by its old holder again when the new one dies before it has loaded a new version', async () => {
    const driven = await startMove()
    const { coordinator, joining, before, pass } = driven
    joining.openGate()
    await pass(1_000)
    joining.shutGate()
    const committed = coordinator.commit(coordinator.catalog.next())
    await pass(500)
    joining.down = true
    joining.restart()
    joining.openGate()
    await pass(500)
    await committed
    assert.deepEqual(
      firsts(driven),
      before.map(([holder]) => holder),
    )
  })

  it('moves to another server when the one that is to hold it has no memory, and is named where none has', async () => {
    const driven = driveCluster({ servers: 3, shards: 6, replicas: 1 })
    const { servers, coordinator, pass } = driven
    const full = servers.get('s0:1')!
    full.roomMax = 1
    await pass(2 * releaseAfterMs)
    assert.equal(loadedOn(driven).filter(([holder]) => holder === 's0:1').length, 1)
    assert.deepEqual(loadedOn(driven), placed(driven))
    assert.deepEqual(describe(driven).unplaced, [])
    for (const server of servers.values()) server.roomMax = 1
    for (const server of servers.values()) server.restart()
    await pass(10_000)
    assert.equal(loadedOn(driven).flat().length, 3)
    const { unplaced } = describe(driven)
    const named = unplaced.map(({ shard, placed: holders, replicas, neededBytes }) => [
      shard,
      holders,
      replicas,
      neededBytes,
    ])
    const cold = loadedOn(driven).flatMap((holders, shard) => (holders.length === 0 ? [[shard, 0, 1, shardBytes]] : []))
    assert.deepEqual(named, cold)
    assert.deepEqual(
      unplaced[0]!.servers.map(({ freeBytes }) => freeBytes),
      [0, 0, 0],
    )
    // Whoever asks for it all the same hears it from a server itself.
    assert.equal(coordinator.route(unplaced[0]!.shard).length, 1)
    for (const server of servers.values()) server.roomMax = 3
    // What is let go of makes room for what was refused before.
    await pass(5 * releaseAfterMs, 5_000)
    assert.deepEqual([loadedOn(driven).flat().length, describe(driven).unplaced], [6, []])
  })

  it('is loaded first when nobody else has it', async () => {
    const driven = driveCluster({ servers: 2, shards: 24, replicas: 1 })
    const { servers, pass, name, addServer } = driven
    await pass(1_000)
    servers.get('s0:1')!.shutGate()
    servers.get('s1:1')!.down = true
    await pass(30_000)
    const before = loadedOn(driven)
    const joining = addServer()
    name('s0:1', 's1:1', 's2:1')
    await pass(500)
    const order = joining.prepared.flatMap(({ shards }) => shards)
    const unserved = order.map(shard => before[shard]!.length === 0)
    assert.deepEqual(new Set(unserved), new Set([true, false]))
    const urgentFirst = unserved.toSorted((one, other) => Number(other) - Number(one))
    assert.deepEqual(unserved, urgentFirst)
    const calls = [...servers.values()].flatMap(({ prepared }) => prepared.map(({ shards }) => shards.length))
    assert.deepEqual([Math.max(...calls), calls.reduce((sum, shards) => sum + shards, 0) > 24], [8, true])
  })

  it('stays in the old place for a coordinator that cannot reach the new one', async () => {
    const driven = await startMove({ coordinators: 2 })
    const { joining, coordinators, moving, pass, servers } = driven
    const [, cut] = coordinators
    joining.cutOff.add(cut!.name)
    joining.openGate()
    for (let turn = 0; turn < 300; turn++) {
      await pass(500)
      for (const shard of moving) {
        const [first] = cut!.route(shard)
        const { manifest } = cut!.catalog.entry
        assert.equal(servers.get(first!.address)!.touch(manifest, shard), true, 'the search found it loaded')
      }
    }
  })

  /** What a coordinator tells of the cluster. */
  function describe({ coordinator: { cluster, catalog, warmer, releaser } }: Driven) {
    return describeServers({ cluster, catalog, warmer, releaser })
  }

  it('is told with where it comes from and how far it is', async () => {
    const driven = await startMove()
    const { joining, moving, before, pass } = driven
    const first = describe(driven)
    assert.deepEqual(
      first.moves.map(({ shard, from, to, state }) => [shard, from, to, state]),
      moving.map(shard => [shard, before[shard], 's2:1', 'loading']),
    )
    joining.openGate()
    await pass(releaseAfterMs / 2)
    const { moves, servers } = describe(driven)
    assert.deepEqual(
      moves.map(({ shard, from, to, state }) => [shard, from, to, state]).toSorted(([a], [b]) => Number(a) - Number(b)),
      moving.map(shard => [shard, before[shard], null, 'releasing']),
    )
    const old = servers.flatMap(({ shards }) => shards.filter(({ placed: here }) => !here).map(({ shard }) => shard))
    assert.deepEqual(
      old.toSorted((a, b) => a - b),
      moving,
    )
    await pass(releaseAfterMs)
    assert.deepEqual(describe(driven).moves, [])
  })
})

describe('a server that drains', () => {
  const drained = (server: DrivenServer) => {
    server.facts.draining = true
  }

  it('is needed until another has each of its shards loaded', async () => {
    const driven = driveCluster({ servers: 3, shards: 6, replicas: 1 })
    const { servers, coordinator, pass } = driven
    await pass(500)
    for (const server of servers.values()) server.shutGate()
    drained(servers.get('s0:1')!)
    await pass(5_000)
    assert.equal(coordinator.isNeeded('s0:1'), true)
    for (const server of servers.values()) server.openGate()
    await pass(500)
    assert.equal(coordinator.isNeeded('s0:1'), false)
  })

  it('is not needed where nobody else could hold what it has', async () => {
    const { servers, coordinator, pass } = driveCluster({ servers: 1, shards: 2, replicas: 1 })
    await pass(500)
    drained(servers.get('s0:1')!)
    await pass(500)
    assert.deepEqual([coordinator.isNeeded('s0:1'), coordinator.route(0).length], [false, 1])
  })

  it('is not needed for what no other server has memory for', async () => {
    const { servers, coordinator, pass } = driveCluster({ servers: 2, shards: 2, replicas: 1 })
    await pass(500)
    servers.get('s1:1')!.roomMax = 1
    drained(servers.get('s0:1')!)
    await pass(2_000)
    assert.equal(coordinator.isNeeded('s0:1'), false)
  })

  it('counts no other that drains as one that has its shards', async () => {
    const { servers, coordinator, pass } = driveCluster({ servers: 3, shards: 2, replicas: 2 })
    await pass(500)
    for (const server of servers.values()) server.shutGate()
    const [one, other] = coordinator.holders(0)
    for (const address of [one!, other!]) drained(servers.get(address)!)
    await pass(500)
    assert.deepEqual([coordinator.isNeeded(one!), coordinator.isNeeded(other!)], [true, true])
  })

  it('keeps what it has loaded, for the case that it is taken back', async () => {
    const driven = driveCluster({ servers: 2, shards: 4, replicas: 1 })
    const { servers, pass } = driven
    await pass(500)
    const before = placed(driven)
    const server = servers.get('s0:1')!
    const loaded = server.loaded.size
    drained(server)
    await pass(2 * releaseAfterMs)
    assert.equal(server.loaded.size, loaded)
    server.facts.draining = false
    await pass(1_000)
    assert.deepEqual(placed(driven), before)
  })
})

describe('loading a version that is about to be published', () => {
  it('tries the next server when the one that served it has no memory for it any more', async () => {
    const driven = driveCluster({ servers: 2, shards: 1, replicas: 1 })
    const { servers, coordinator, pass } = driven
    await pass(500)
    const [[holder]] = loadedOn(driven) as [string[]]
    servers.get(holder!)!.fullFor.add(0)
    await coordinator.warmer.loadEverywhere(coordinator.catalog.next(), Deadline.after(10_000))
    coordinator.catalog.publish(coordinator.catalog.next())
    const [[now]] = loadedOn(driven) as [string[]]
    assert.ok(now !== undefined && now !== holder)
  })
})
