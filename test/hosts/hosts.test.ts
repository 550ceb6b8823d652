import { s3ServerCommand } from '@hypershard/harness/servers'
import { ClusterUnderTraffic } from './cluster-under-traffic.ts'
import { describeHosts, slowly } from './describe-hosts.ts'

/** Answers that are waited for while something is wrong: about four seconds of them. */
const answers = 20

describeHosts('a cluster on hosts of its own', suite => {
  suite.timeout(300_000)
  const under = new ClusterUnderTraffic({ shardServers: 4, encoders: 2, store: 'directory' })

  it('does without a shard server that is cut off, also what only that one held', async () => {
    const { cluster, traffic, writing } = under
    const [lost] = cluster.shards
    await traffic.unharmed(async () => {
      await lost!.cutFrom(under.others(lost!))
      await traffic.more(answers)
      await writing.untilWhole()
    })
  })

  slowly('does without a zone, an encoder and the indexer that are cut off together', async () => {
    const { cluster, traffic, writing } = under
    const [, secondEncoder] = cluster.encoders
    const [, second, , fourth] = cluster.shards
    const away = [second!, fourth!, secondEncoder!, cluster.indexer]
    await traffic.unharmed(async () => {
      for (const host of away) await host.cutFrom(under.others(...away))
      await traffic.more(answers)
      await writing.untilWhole()
      // The indexer has the store and an encoder: what is written is found.
      await writing.more(3)
      await writing.untilWhole()
    })
  })

  slowly('does without its Redis, and with one that has lost everything', async () => {
    const { cluster, traffic, writing } = under
    await traffic.unharmed(async () => {
      await cluster.redis.cutFrom(under.others(cluster.redis))
      await traffic.more(answers)
      await writing.more(3)
      await writing.untilWhole()
      await cluster.restartRedis()
      await cluster.redis.heal()
      await traffic.more(answers)
      await writing.untilWhole()
    })
  })

  slowly('answers while one shard server hears and says everything late', async () => {
    const { cluster, traffic, writing } = under
    await traffic.unharmed(async () => {
      await cluster.shards[0]!.delay(200)
      await traffic.more(2 * answers)
      await writing.untilWhole()
    })
  })

  slowly('answers while every host loses packets', async () => {
    const { cluster, traffic, writing } = under
    await traffic.unharmed(async () => {
      for (const host of cluster.network.hosts) await host.loss(0.02)
      await traffic.more(2 * answers)
      await writing.more(3)
    })
  })

  for (const kind of ['shards', 'encoders'] as const) {
    slowly(`does without one of its ${kind} that freezes, and takes it back when it thaws`, async () => {
      const { cluster, traffic, writing } = under
      const frozen = cluster[kind].at(-1)!
      await traffic.unharmed(async () => {
        await frozen.freeze()
        await traffic.more(answers)
        await writing.untilWhole()
        await frozen.thaw()
        await traffic.more(answers)
      })
    })
  }
})

const noS3 = () => (s3ServerCommand('', 0) === undefined ? 'there is no moto: see CONTRIBUTING.md' : undefined)

describeHosts(
  'a cluster whose store is a server',
  suite => {
    suite.timeout(300_000)
    const under = new ClusterUnderTraffic({ shardServers: 2, encoders: 1, store: 's3' })

    slowly('answers what it has loaded while the store is cut off, and loses no write', async () => {
      const { cluster, traffic, writing } = under
      await traffic.unharmed(async () => {
        await cluster.store!.cutFrom(under.others(cluster.store!))
        await traffic.more(2 * answers)
        await cluster.store!.heal()
        await writing.more(3)
        await writing.untilWhole()
      })
    })
  },
  noS3,
)
