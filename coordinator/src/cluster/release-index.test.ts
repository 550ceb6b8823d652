import assert from 'node:assert/strict'
import { silentLogger } from '@hypershard/common'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import type { WriteLogs } from '../writing/write-documents.ts'
import { releaseIndex, releaseUnserved } from './release-index.ts'

const log = silentLogger()
const generation = { index: 'papers', indexUid: 'u', generation: 2 }

function startCluster(count: number) {
  const servers = Array.from({ length: count }, (_, at) => new FakeShardServer(`s${at}:1`, () => assert.fail()))
  const cluster = clusterOf(servers)
  for (const member of cluster.members) member.markLive()
  return { servers, cluster }
}

describe('letting go of a generation that no name points at', () => {
  /** What each server was to let go of, when the generation is served or not after the pause. */
  async function release(servedAfter: boolean) {
    const { servers, cluster } = startCluster(2)
    let served = !servedAfter
    const catalog = { serves: () => served }
    const pause = async () => {
      assert.deepEqual(
        servers.flatMap(({ released }) => released),
        [],
      )
      served = servedAfter
    }
    await releaseUnserved(generation, { catalog, cluster, log, pause })
    return servers.map(({ releasedGenerations }) => releasedGenerations)
  }

  it('is done after a pause', async () => assert.deepEqual(await release(false), [[2], [2]]))

  it('is not done when a name has come back to it meanwhile', async () => {
    assert.deepEqual(await release(true), [[], []])
  })

  it('makes it count as cold here, and leaves other generations as they are', async () => {
    const { cluster } = startCluster(1)
    const [member] = cluster.members
    for (const indexUid of ['u', 'u.2']) member!.markWarm({ indexUid, version: 1, shard: 0 })
    const catalog = { serves: () => false }
    await releaseUnserved(generation, { catalog, cluster, log, pause: async () => undefined })
    const isWarm = (indexUid: string) => member!.isWarm({ indexUid, version: 1, shard: 0 })
    assert.deepEqual([isWarm('u'), isWarm('u.2')], [true, false])
  })
})

describe('letting go of a deleted index', () => {
  it('reaches every live server, whoever of them fails, and the write log', async () => {
    const { servers, cluster } = startCluster(3)
    const forgotten: string[] = []
    const logs = { forget: (uid: string) => forgotten.push(uid) } as unknown as WriteLogs
    servers[0]!.release = async () => assert.fail('told to fail')
    cluster.members[2]!.markDown('gone')
    for (const indexUid of ['u', 'u.2', 'other']) cluster.members[1]!.markWarm({ indexUid, version: 1, shard: 0 })
    await releaseIndex({ name: 'papers', uid: 'u' }, { cluster, logs, log })
    assert.deepEqual([servers.map(({ released }) => released), forgotten], [[[], ['u'], []], ['u']])
    const warm = ['u', 'u.2', 'other'].map(indexUid => cluster.members[1]!.isWarm({ indexUid, version: 1, shard: 0 }))
    assert.deepEqual(warm, [false, false, true])
  })
})
