import { setTimeout as wait } from 'node:timers/promises'
import type { ElasticRun } from '../elastic-run.ts'
import { idleWindow, noneFailed } from '../judge-windows.ts'

/** The Redis in which servers announce themselves loses everything, and is then killed and away for a while. */
export async function loseRedis(run: ElasticRun): Promise<void> {
  const { shardServers, idleSeconds, seconds, redisAwaySeconds } = run.settings
  await run.inScene({ replicas: 1, shardServers, encoders: 2, coordinators: 1 }, async scene => {
    const { fleet } = scene
    const load = await scene.startLoad()
    await load.window(idleWindow, () => wait(idleSeconds * 1_000))
    await load.window('after FLUSHALL', async () => {
      await fleet.redis.flush()
      await wait(seconds * 1_000)
    })
    await load.window('Redis is away', async () => {
      await fleet.redis.kill()
      await wait(redisAwaySeconds * 1_000)
    })
    await load.window('Redis is back, empty', async () => {
      await fleet.redis.startAgain()
      await wait(seconds * 1_000)
    })
    const windows = run.record('redis', 'steady', await load.end())
    run.bar(noneFailed(`Redis FLUSHALL, killed, and away for ${redisAwaySeconds} s`, windows))
  })
}
