import { setTimeout as wait } from 'node:timers/promises'
import { atMost } from '../../load/bars.ts'
import type { ElasticRun } from '../elastic-run.ts'
import { idleWindow, noneFailed, p99Ratio } from '../judge-windows.ts'

const wholeWindow = 'rolling restart'
const timesIdleMax = 2
/** After one process is back and before the next is stopped, as somebody does it who looks first. */
const pauseMs = 1_000

/**
 * Every process is stopped with SIGTERM and started again, one by one. There are two encoder services and two
 * coordinators; the client asks both in turn and goes to the other one where a connection is refused, as a load
 * balancer does it: a coordinator that is alone cannot be restarted without refusing connections.
 */
export async function rollingRestart(run: ElasticRun): Promise<void> {
  const { shardServers, idleSeconds } = run.settings
  const sizes = { replicas: 2, shardServers, encoders: 2, coordinators: 2 }
  await run.inScene(sizes, async scene => {
    const load = await scene.startLoad()
    await load.window(idleWindow, () => wait(idleSeconds * 1_000))
    let unbalanced = 0
    await load.window(wholeWindow, async () => {
      for (const { name } of scene.fleet.processes) {
        await load.window(`restart of ${name}`, () => scene.fleet.restart(name))
        if ((await scene.balanced()) === undefined) unbalanced++
        await wait(pauseMs)
      }
    })
    const windows = run.record('rolling', 'steady', await load.end())
    const what = `rolling restart of ${scene.fleet.processes.length} processes`
    // The windows of each restart are parts of the whole one.
    run.bar(
      noneFailed(
        what,
        windows.filter(({ window }) => [idleWindow, wholeWindow].includes(window)),
      ),
    )
    run.bar(atMost(`${what}: p99 / idle's p99`, p99Ratio(windows, wholeWindow), timesIdleMax))
    if (unbalanced > 0) run.figure(`${what}: restarts after which shards were not loaded again in time`, unbalanced)
  })
}
