import { setTimeout as wait } from 'node:timers/promises'
import type { ClusterDescription, SearchAnswer } from '@hypershard/contract'
import { type SlowLink, startSlowLink } from '@hypershard/harness/servers'
import { atMost } from '../../load/bars.ts'
import { Api } from '../../load/cluster/api.ts'
import type { ElasticRun } from '../elastic-run.ts'
import { idleWindow, noneFailed, p99Ratio } from '../judge-windows.ts'
import type { Scene } from '../scene.ts'

const slowWindow = 'one replica is slow'
const timesHealthyMax = 1.3
const extraCallsMax = 0.05
const queriesProfiled = 20

/**
 * Every answer of one shard server is late by as much as `--slow-ms`. Two copies of each shard; one coordinator that
 * hedges and one that does not, one after the other.
 */
export async function slowReplica(run: ElasticRun): Promise<void> {
  const { shardServers, slowMs } = run.settings
  await run.inScene({ replicas: 2, shardServers, encoders: 1, coordinators: 1 }, async scene => {
    const [slow, ...others] = scene.fleet.shardServers
    const link = await startSlowLink(slow!.address)
    try {
      const servers = [link, ...others].map(({ address }) => address).join(',')
      const what = `one replica of two slowed by ${slowMs} ms`
      const hedged = await measure(run, scene, link, { load: 'with hedging', servers, settings: {} })
      run.bar(atMost(`${what}, with hedging: p99 / idle's p99`, p99Ratio(hedged.windows, slowWindow), timesHealthyMax))
      run.bar(atMost(`${what}: hedges / calls of shard servers, since the start`, hedged.extraCalls, extraCallsMax))
      run.figure(`${what}: hedges / calls of shard servers, while it is slow`, hedged.extraCallsWhileSlow)
      const settings = { HYPERSHARD_SEARCH_HEDGE_PERCENT: '0' }
      const plain = await measure(run, scene, link, { load: 'without hedging', servers, settings })
      run.figure(`${what}, without hedging: p99 / idle's p99`, p99Ratio(plain.windows, slowWindow) ?? Number.NaN)
      run.bar(noneFailed(what, [...hedged.windows, ...plain.windows]))
    } finally {
      await link.stop()
    }
  })
}

interface Way {
  readonly load: string
  /** As the coordinator is told of them. */
  readonly servers: string
  readonly settings: Readonly<Record<string, string>>
}

async function measure(run: ElasticRun, scene: Scene, link: SlowLink, { load: name, servers, settings }: Way) {
  link.delayMs = 0
  const { origin } = await scene.fleet.startCoordinator(`coordinator-${name.replaceAll(' ', '-')}`, {
    HYPERSHARD_SHARD_SERVERS: servers,
    ...settings,
  })
  if ((await scene.balanced()) === undefined) throw new Error('shards are not loaded as often as wanted')
  const load = await scene.startLoad({ origins: [origin] })
  const idleMs = run.settings.idleSeconds * 1_000
  await load.window(idleWindow, () => wait(idleMs))
  const before = await hedgesOf(origin)
  link.delayMs = run.settings.slowMs
  await load.window(slowWindow, () => wait(idleMs))
  const hedges = await hedgesOf(origin)
  const result = await load.end()
  const windows = run.record('slow', name, result)
  link.delayMs = 0
  const queries = windows.find(({ window }) => window === slowWindow)!.requests
  const calls = await callsOfQuery(scene, origin)
  return {
    windows,
    // What was saved up while all went well may be spent at once, so that a short time alone may have more.
    extraCalls: hedges / (result.requests.length * calls),
    extraCallsWhileSlow: (hedges - before) / (queries * calls),
  }
}

async function hedgesOf(origin: string): Promise<number> {
  return (await new Api(origin).send<ClusterDescription>('GET', '/v1/cluster')).hedges.asked
}

/** How many shard servers a query asks, on average. */
async function callsOfQuery(scene: Scene, origin: string): Promise<number> {
  let calls = 0
  for (const query of scene.queries.slice(0, queriesProfiled)) {
    const path = `/v1/indexes/${scene.index.name}/search`
    const answer = await new Api(origin).send<SearchAnswer>('POST', path, { query, plan: 'exact', profile: true })
    calls += new Set(answer.profile!.shards.map(({ server }) => server)).size
  }
  return calls / queriesProfiled
}
