import assert from 'node:assert/strict'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeMembership } from '../testing/fake-membership.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import type { Cluster } from './cluster.ts'

const index = { uid: 'u', replicas: 1, shardBytes: Array.from({ length: 8 }, () => 1) }
const graceMs = 30_000

const entryOf = (address: string) => ({ address, weight: 1, zone: '' })

/** A cluster whose servers all live, a clock that stands still, and the servers that were closed. */
function startCluster(named: number, ready = named) {
  const closed: string[] = []
  const servers = Array.from({ length: ready }, (_, at) => new FakeShardServer(`s${at}:1`, () => assert.fail()))
  for (const server of servers) server.close = () => void closed.push(server.address)
  const clock = { ms: 0, now: () => clock.ms, monotonicMs: () => clock.ms }
  const membership = new FakeMembership(servers.slice(0, named).map(({ address }) => entryOf(address)))
  const cluster = clusterOf(servers, { clock, membership, replaceAfterMs: graceMs })
  for (const { address } of cluster.members) liveAt(cluster, address)
  return { cluster, clock, membership, closed }
}

function memberAt(cluster: Cluster, address: string) {
  const member = cluster.members.find(candidate => candidate.address === address)
  assert.ok(member !== undefined, `${address} is not watched`)
  return member
}

function liveAt(cluster: Cluster, address: string, draining = false): void {
  const facts = {
    protocolVersion: 2,
    zone: '',
    device: 'cpu',
    memoryBytes: 1,
    memoryFreeBytes: 1,
    neededBy: 0,
    draining,
  }
  memberAt(cluster, address).markLive(facts)
  cluster.refresh()
}

function downAt(cluster: Cluster, address: string): void {
  memberAt(cluster, address).markDown('killed')
  cluster.refresh()
}

const placement = (cluster: Cluster) =>
  Array.from({ length: index.shardBytes.length }, (_, shard) =>
    cluster.holdersOf(index, shard).map(({ address }) => address),
  )

const placedOn = (cluster: Cluster) => [...new Set(placement(cluster).flat())].sort()

/** Each shard is loaded by whom it is placed on. */
function warmAll(cluster: Cluster, version = 1): void {
  for (let shard = 0; shard < index.shardBytes.length; shard++) {
    for (const member of cluster.holdersOf(index, shard)) {
      if (member.live) member.markWarm({ indexUid: 'u', version, shard })
    }
  }
}

describe('a cluster that follows its membership', () => {
  it('places shards on a server that joins, once it was seen alive', () => {
    const { cluster, membership } = startCluster(2, 3)
    const before = cluster.view.number
    membership.name(['s0:1', 's1:1', 's2:1'].map(entryOf))
    assert.deepEqual([cluster.view.number, placedOn(cluster)], [before, ['s0:1', 's1:1']])
    liveAt(cluster, 's2:1')
    assert.deepEqual([cluster.view.number, placedOn(cluster)], [before + 1, ['s0:1', 's1:1', 's2:1']])
  })

  it('asks the next server for a shard that the one before has no memory for, though nobody has loaded anything', () => {
    const { cluster } = startCluster(2)
    const [member] = cluster.routeOf(index, 0, 1)
    cluster.noteRefused({ uid: 'u', shard: 0, member: member!, neededBytes: 1 })
    const [next] = cluster.routeOf(index, 0, 1)
    assert.deepEqual(new Set([member!.address, next!.address]), new Set(['s0:1', 's1:1']))
  })

  it('tells who watches health of servers that join and leave', () => {
    const { cluster, membership } = startCluster(2, 3)
    const told: string[] = []
    const end = cluster.followMembers({
      joined: ({ address }) => told.push(`+${address}`),
      left: ({ address }) => told.push(`-${address}`),
    })
    membership.name(['s0:1', 's2:1'].map(entryOf))
    end()
    membership.name(['s0:1'].map(entryOf))
    assert.deepEqual(told, ['+s2:1', '-s1:1'])
  })

  it('asks a server that left as long as it has shards that nobody else has loaded, and then closes it', () => {
    const { cluster, membership, closed } = startCluster(2)
    warmAll(cluster)
    const moving = placement(cluster).findIndex(([holder]) => holder === 's1:1')
    membership.name([entryOf('s0:1')])
    const route = () => cluster.routeOf(index, moving, 1).map(({ address }) => address)
    assert.deepEqual([placedOn(cluster), route(), closed], [['s0:1'], ['s1:1', 's0:1'], []])
    warmAll(cluster)
    assert.deepEqual(route(), ['s0:1', 's1:1'])
    const leaving = memberAt(cluster, 's1:1')
    leaving.markReleased('u')
    cluster.refresh()
    assert.deepEqual([route(), closed, cluster.members.length], [['s0:1'], ['s1:1'], 1])
  })

  it('lets go of a server that left and is away for as long as the grace', () => {
    const { cluster, clock, membership, closed } = startCluster(2)
    warmAll(cluster)
    membership.name([entryOf('s0:1')])
    downAt(cluster, 's1:1')
    clock.ms += graceMs - 1
    cluster.refresh()
    assert.deepEqual(closed, [])
    clock.ms += 1
    cluster.refresh()
    assert.deepEqual(closed, ['s1:1'])
  })

  it('changes nothing while a server is away for less than the grace, and when it is back', () => {
    const { cluster, clock } = startCluster(3)
    const [before, { number }] = [placement(cluster), cluster.view]
    downAt(cluster, 's1:1')
    clock.ms += graceMs - 1
    cluster.refresh()
    liveAt(cluster, 's1:1')
    clock.ms += graceMs
    cluster.refresh()
    assert.deepEqual([placement(cluster), cluster.view.number], [before, number])
  })

  it('places what a server had on others once it is away for the grace, and on it again once it is back', () => {
    const { cluster, clock } = startCluster(3)
    const before = placement(cluster)
    downAt(cluster, 's1:1')
    clock.ms += graceMs
    cluster.refresh()
    assert.deepEqual(placedOn(cluster), ['s0:1', 's2:1'])
    liveAt(cluster, 's1:1')
    assert.deepEqual(placement(cluster), before)
  })

  it('keeps the placement while all are away, and for another grace once one is back', () => {
    const { cluster, clock } = startCluster(3)
    const before = placement(cluster)
    for (const { address } of [...cluster.members]) downAt(cluster, address)
    clock.ms += 100 * graceMs
    cluster.refresh()
    assert.deepEqual(placement(cluster), before)
    liveAt(cluster, 's0:1')
    clock.ms += graceMs - 1
    cluster.refresh()
    assert.deepEqual(placement(cluster), before)
    clock.ms += 1
    cluster.refresh()
    assert.deepEqual(placedOn(cluster), ['s0:1'])
  })

  it('takes a server that drains out of the placement, and back in', () => {
    const { cluster } = startCluster(2)
    const before = placement(cluster)
    liveAt(cluster, 's0:1', true)
    assert.deepEqual(placedOn(cluster), ['s1:1'])
    liveAt(cluster, 's0:1')
    assert.deepEqual(placement(cluster), before)
  })

  it('does not wait for a server that drained and ended', () => {
    const { cluster } = startCluster(2)
    liveAt(cluster, 's0:1', true)
    downAt(cluster, 's0:1')
    assert.deepEqual(placedOn(cluster), ['s1:1'])
  })

  it('serves from the one server that there is, though it drains', () => {
    const { cluster } = startCluster(1)
    warmAll(cluster)
    liveAt(cluster, 's0:1', true)
    assert.deepEqual([placedOn(cluster), cluster.routeOf(index, 0, 1).length], [['s0:1'], 1])
  })

  it('shares the load among all that have a shard loaded until those that are to hold it have it', () => {
    const { cluster, membership } = startCluster(2, 3)
    const twice = { ...index, shardBytes: [1], replicas: 2 }
    for (const member of cluster.members) member.markWarm({ indexUid: 'u', version: 1, shard: 0 })
    membership.name(['s1:1', 's2:1'].map(entryOf))
    liveAt(cluster, 's2:1')
    const firsts = () =>
      new Set(Array.from({ length: 200 }, () => cluster.routeOf(twice, 0, 1).map(({ address }) => address)[0]))
    assert.deepEqual(firsts(), new Set(['s0:1', 's1:1']))
    memberAt(cluster, 's2:1').markWarm({ indexUid: 'u', version: 1, shard: 0 })
    assert.deepEqual(firsts(), new Set(['s1:1', 's2:1']))
  })
})
