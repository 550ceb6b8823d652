import assert from 'node:assert/strict'
import { silentLogger } from '@hypershard/common'
import type { ObjectStore } from '@hypershard/storage'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeMembership } from '../testing/fake-membership.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import type { ClusterMember } from './cluster-member.ts'
import { ShardWarmer } from './shard-warmer.ts'

const index = { uid: 'u', replicas: 3, shardBytes: [1] }
const noStore = (): ObjectStore => assert.fail('nothing is read')

function startCluster(count: number, random?: () => number) {
  const servers = Array.from({ length: count }, (_, at) => new FakeShardServer(`s${at}:1`, noStore))
  return { servers, cluster: clusterOf(servers, random && { random }) }
}

describe('the route to a shard', () => {
  it('asks who has the version loaded, then who must load it, then who is down, whatever chance says', () => {
    for (const chance of [0, 0.4, 0.7, 0.99]) {
      const { cluster } = startCluster(3, () => chance)
      const [down, cold, warm] = cluster.members as [ClusterMember, ClusterMember, ClusterMember]
      for (const member of [cold, warm]) member.markLive()
      for (const member of [down, warm]) member.markWarm({ indexUid: 'u', version: 3, shard: 0 })
      cold.markWarm({ indexUid: 'u', version: 2, shard: 0 })
      assert.deepEqual(cluster.routeOf(index, 0, 3), [warm, cold, down])
      assert.deepEqual(cluster.routeOf(index, 0, 2), [cold, warm, down])
    }
  })

  it('asks the less loaded of two that are alike', () => {
    const { cluster } = startCluster(2)
    for (const member of cluster.members) member.markLive()
    const [busy, idle] = cluster.members as [ClusterMember, ClusterMember]
    busy.load.begin(1_000, performance.now())
    for (let turn = 0; turn < 10; turn++) assert.deepEqual(cluster.routeOf(index, 0, 1), [idle, busy])
  })
})

describe('the membership source', () => {
  it('hears which servers are down, and counts one that nobody knows among them', () => {
    const servers = ['s0:1', 's1:1'].map(address => new FakeShardServer(address, noStore))
    const membership = new FakeMembership(servers.map(({ address }) => ({ address, weight: 1, zone: '' })))
    const cluster = clusterOf(servers, { membership })
    cluster.members[0]!.markLive()
    const isDown = ['s0:1', 's1:1', 's2:1'].map(address => membership.isDown(address))
    assert.deepEqual(isDown, [false, true, true])
  })
})

describe('what a member has loaded', () => {
  const at = (version: number) => ({ indexUid: 'u', version, shard: 0 })

  for (const order of [
    [1, 2, 3],
    [3, 2, 1],
    [2, 3, 1],
  ]) {
    it(`is known of the newest two versions, prepared in the order ${order}`, () => {
      const [member] = startCluster(1).cluster.members
      for (const version of order) member!.markWarm(at(version))
      assert.deepEqual(
        [1, 2, 3].map(version => member!.isWarm(at(version))),
        [false, true, true],
      )
    })
  }

  it('counts as gone once it is down', () => {
    const [member] = startCluster(1).cluster.members
    member!.markLive()
    member!.markWarm(at(1))
    member!.markDown('refused')
    member!.markLive()
    assert.equal(member!.isWarm(at(1)), false)
    assert.equal(member!.life, 2)
  })
})

describe('warming', () => {
  const manifest = { index: 'papers', indexUid: 'u', generation: 1, version: 1, shards: 1, vectorWidth: 4 }
  const segments = [{ shard: 0, documents: 5, deleted: null }]
  const record = { uid: 'u', name: 'papers', shards: 1, replicas: 3 }
  const generation = { index: 'papers', indexUid: 'u', generation: 1, shards: 1 }
  const entry = { record, generation, manifest: { ...manifest, segments } } as unknown as CatalogEntry

  it('is tried again at once when a server comes back, though the last attempt had failed', async () => {
    const { cluster, servers } = startCluster(1)
    const [member] = cluster.members
    const warmer = new ShardWarmer(cluster, { list: () => [entry] } as never, silentLogger())
    member!.markLive()
    servers[0]!.failingShards.add(0)
    await warmer.warm(member!)
    servers[0]!.failingShards.clear()
    await warmer.warm(member!)
    assert.equal(servers[0]!.prepared.length, 1, 'the pause after a failure holds')
    member!.markDown('killed')
    member!.markLive()
    await warmer.warm(member!)
    assert.equal(member!.isWarm({ indexUid: 'u', version: 1, shard: 0 }), true)
  })

  it('believes nothing that a process loaded which was gone before it had answered', async () => {
    const { cluster, servers } = startCluster(1)
    const [member] = cluster.members
    const warmer = new ShardWarmer(cluster, { list: () => [entry] } as never, silentLogger())
    member!.markLive()
    servers[0]!.prepareMs = 20
    const warming = warmer.warm(member!)
    member!.markDown('killed')
    member!.markLive()
    await warming
    assert.equal(member!.isWarm({ indexUid: 'u', version: 1, shard: 0 }), false)
  })
})
