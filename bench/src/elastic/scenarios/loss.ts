import { setTimeout as wait } from 'node:timers/promises'
import { copiesOf } from '../../fleet/placement.ts'
import { atMost } from '../../load/bars.ts'
import { failedOutside, nowMs, troubleMs } from '../../load/measure/window-figures.ts'
import type { ElasticRun } from '../elastic-run.ts'
import { idleWindow, noneBut, noneFailed, p99Ratio } from '../judge-windows.ts'
import { loadMsMax, type Scene } from '../scene.ts'
import type { SteadyLoad } from '../steady-load.ts'

const duringWindow = 'a server is gone'
const afterWindow = 'its shards are with others'
/** Half of the searches want everything, the others take what there is. */
const wholeAndPartial = [{ min_coverage: 1 }, { min_coverage: 0 }]

/**
 * A shard server is killed and does not come back. One copy of each shard: answers lack its shards, and say so, until
 * others have loaded them.
 */
export async function loseOnlyCopy(run: ElasticRun): Promise<void> {
  const { replaceAfterMs } = run.settings
  await run.inScene(sceneSettings(run, 1), async scene => {
    const load = await scene.startLoad({ variants: wholeAndPartial })
    const { killedMs, goneUntilMs } = await lose(run, scene, load)
    const result = await load.end()
    const windows = run.record('loss', 'steady', result)
    const what = 'a server killed for good, one copy of each shard'
    const lacking = ['insufficient_coverage', 'partial_answer']
    run.bar(noneBut(what, windows, lacking))
    const outside = failedOutside({ fromMs: killedMs, toMs: goneUntilMs }, result.requests)
    run.bar(atMost(`${what}, before and after: searches that failed`, outside, 0))
    const wholeMs = troubleMs(killedMs, result.requests)
    run.figure(`${what}: seconds until every answer is whole`, wholeMs / 1_000)
    run.bar(atMost(`${what}: the same beyond the grace, ms`, wholeMs - replaceAfterMs, loadMsMax))
  })
}

/** The same with two copies of each shard: nobody notices. */
export async function loseOneOfTwo(run: ElasticRun): Promise<void> {
  await run.inScene(sceneSettings(run, 2), async scene => {
    const load = await scene.startLoad()
    await lose(run, scene, load)
    const windows = run.record('loss-replicated', 'steady', await load.end())
    const what = 'a server killed for good, two copies of each shard'
    run.bar(noneFailed(what, windows))
    const slower = p99Ratio(windows, duringWindow)
    if (slower !== null) run.figure(`${what}, from the kill until both are there again: p99 / idle's p99`, slower)
  })
}

function sceneSettings({ settings }: ElasticRun, replicas: number) {
  return { replicas, shardServers: settings.shardServers, encoders: 1, coordinators: 1 }
}

/** @returns when the server was killed, and when its shards were seen with others */
async function lose(run: ElasticRun, scene: Scene, load: SteadyLoad) {
  const { idleSeconds, seconds, replaceAfterMs } = run.settings
  await load.window(idleWindow, () => wait(idleSeconds * 1_000))
  const { name, address } = scene.fleet.shardServers.at(-1)!
  const killedMs = nowMs()
  await load.window(duringWindow, async () => {
    await scene.fleet.cluster.removeProcess(name, { signal: 'SIGKILL' })
    const balance = await scene.balanced({
      accept: placement => copiesOf(placement, address) === 0,
      withinMs: replaceAfterMs + 2 * loadMsMax,
    })
    const what = `a server killed for good, replicas ${scene.index.replicas}: seconds until its shards are loaded elsewhere`
    if (balance === undefined) run.skip(what, 'it did not come about in time')
    else run.figure(what, (balance.atMs - killedMs) / 1_000)
  })
  const goneUntilMs = nowMs()
  await load.window(afterWindow, () => wait(seconds * 1_000))
  return { killedMs, goneUntilMs }
}
