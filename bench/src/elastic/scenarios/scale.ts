import { setTimeout as wait } from 'node:timers/promises'
import { copiesOf, movedShare, type Placement } from '../../fleet/placement.ts'
import type { Balance } from '../../fleet/until-balanced.ts'
import { atMost } from '../../load/bars.ts'
import { nowMs } from '../../load/measure/window-figures.ts'
import type { ElasticRun } from '../elastic-run.ts'
import { idleWindow, noneFailed } from '../judge-windows.ts'
import type { Scene } from '../scene.ts'

const serversBefore = 2
const serversMost = 4
/** Of all shards beyond the share of the server that came or left. */
const shareBeyondMax = 0.1

/** With one index alone chance decides whether a server's share is a little more or less. */
const otherIndexes = 5

/** Two shard servers become four, one after the other, and then three: the last one drains. One copy of each shard. */
export async function scaleOutAndIn(run: ElasticRun): Promise<void> {
  const { idleSeconds, seconds } = run.settings
  const sizes = { replicas: 1, shardServers: serversBefore, encoders: 1, coordinators: 1, otherIndexes }
  await run.inScene(sizes, async scene => {
    const load = await scene.startLoad()
    await load.window(idleWindow, () => wait(idleSeconds * 1_000))
    const steps = new Steps(run, scene, (await scene.balanced())!.placement)
    for (let servers = serversBefore + 1; servers <= serversMost; servers++) {
      await load.window(`${servers - 1} to ${servers} shard servers`, () => steps.add(servers))
    }
    const last = scene.fleet.shardServers.at(-1)!
    const name = `${serversMost} to ${serversMost - 1} shard servers`
    await load.window(name, () => steps.remove(last, serversMost))
    await load.window(`${serversMost - 1} shard servers`, () => wait(seconds * 1_000))
    const windows = run.record('scale', 'steady', await load.end())
    run.bar(noneFailed(`${serversBefore} to ${serversMost} to ${serversMost - 1} shard servers`, windows))
  })
}

/** Servers that come and go, and what each moves. */
class Steps {
  readonly #run: ElasticRun
  readonly #scene: Scene
  #placement: Placement

  constructor(run: ElasticRun, scene: Scene, placement: Placement) {
    this.#run = run
    this.#scene = scene
    this.#placement = placement
  }

  /** @param servers as many as there are then */
  async add(servers: number): Promise<void> {
    const { address } = await this.#scene.fleet.cluster.addShardServer()
    const readyMs = nowMs()
    const balance = await this.#scene.balanced({ accept: placement => copiesOf(placement, address) > 0 })
    this.#tell(`from ${servers - 1} to ${servers} shard servers`, servers, readyMs, balance)
  }

  /** @param servers as many as there were */
  async remove({ name, address }: { name: string; address: string }, servers: number): Promise<void> {
    const askedMs = nowMs()
    const exit = await this.#scene.fleet.cluster.removeProcess(name, { signal: 'SIGTERM' })
    const goneMs = nowMs()
    const balance = await this.#scene.balanced({ accept: placement => copiesOf(placement, address) === 0 })
    const what = `from ${servers} to ${servers - 1} shard servers`
    this.#run.figure(`${what}: seconds until the server had drained and ended`, (goneMs - askedMs) / 1_000)
    this.#run.bar(atMost(`${what}: exit code of the server that drained`, exit?.code ?? null, 0))
    this.#tell(what, servers, askedMs, balance)
  }

  #tell(what: string, servers: number, fromMs: number, balance: Balance | undefined): void {
    const share = balance === undefined ? null : movedShare(this.#placement, balance.placement)
    this.#run.bar(atMost(`${what}: share of the shards that moved`, share, 1 / servers + shareBeyondMax))
    if (balance === undefined) {
      this.#run.skip(`${what}: seconds until balanced`, 'it did not come about in time')
      return
    }
    this.#run.figure(`${what}: seconds until balanced`, (balance.atMs - fromMs) / 1_000)
    this.#placement = balance.placement
  }
}
