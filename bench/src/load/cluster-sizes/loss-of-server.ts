import { setTimeout as wait } from 'node:timers/promises'
import { copiesOf } from '../../fleet/placement.ts'
import { untilBalanced } from '../../fleet/until-balanced.ts'
import { atMost, countOfClients } from '../bars.ts'
import { searches } from '../contenders.ts'
import type { Contender } from '../load-run.ts'
import { nowMs, type TimeWindow, troubleMs, windowFigures } from '../measure/window-figures.ts'
import { measuredIndex } from '../measured-index.ts'
import type { ClusterSizesRun, SizedRun } from './cluster-sizes-run.ts'

const replicas = 2
/** Noticing a loss and loading, beyond the grace. */
const loadMsMax = 30_000
/** The first of the time after the kill, and all of it where nothing has to be loaded. */
const firstMs = 5_000
const warmUpSeconds = 5
const timeoutMs = 30_000
/** More than this machine's cluster answers. */
const newQueriesPerSecond = 300

/**
 * Two copies of each shard and clients in closed loops; a shard server is killed and does not come back. Every answer
 * is looked at: one that is not whole counts as failed.
 */
export async function measureLosses(run: ClusterSizesRun): Promise<void> {
  for (const servers of run.settings.servers.filter(count => count >= replicas)) {
    for (const queries of ['repeated', 'new'] as const) {
      const encoders = run.settings.encoders[0]!
      await run.inFleet({ shardServers: servers, encoders, replicas }, async sized => {
        const { qnet } = await sized.load.models()
        const index = await measuredIndex(sized.load, qnet, servers * run.settings.documentsPerServer)
        await sized.load.untilQuiet()
        const contender = searches(sized.load, index, { plan: 'defaults', queries })
        await measureLoss(run, sized, { contender, index: index.name, servers, queries })
      })
    }
  }
}

interface Loss {
  readonly contender: Contender
  readonly index: string
  readonly servers: number
  readonly queries: 'new' | 'repeated'
}

async function measureLoss(run: ClusterSizesRun, { fleet, load }: SizedRun, loss: Loss): Promise<void> {
  const { servers, queries, contender } = loss
  const clients = run.settings.clients[0]!
  const windows: TimeWindow[] = []
  let killedMs = 0
  const losing = Promise.withResolvers<void>()
  const strike = async () => {
    const fromMs = nowMs()
    await wait(run.settings.seconds * 1_000)
    killedMs = nowMs()
    const wholeMs = await killOne(run, fleet, loss)
    if (wholeMs === undefined) load.skip(`${servers} shard servers, one killed: time until balanced`, 'took too long')
    else
      load.figure(
        `${servers} shard servers, one killed, ${queries} queries: seconds until balanced`,
        (wholeMs - killedMs) / 1_000,
      )
    await wait(Math.max(0, killedMs + firstMs - nowMs()))
    const againMs = nowMs()
    await wait(run.settings.seconds * 1_000)
    windows.push({ name: 'before', fromMs, toMs: killedMs })
    windows.push({ name: 'first seconds', fromMs: killedMs, toMs: killedMs + firstMs })
    windows.push({ name: 'during', fromMs: killedMs, toMs: againMs })
    windows.push({ name: 'after', fromMs: againMs, toMs: nowMs() })
  }
  const job = jobOf(run, contender, clients)
  const onBegin = () => void strike().then(losing.resolve, losing.reject)
  const result = await run.client.run(job, { onBegin, until: losing.promise })
  await losing.promise
  if (queries === 'new') run.queries.skip(result.used)
  const rows = windows.map(window => ({
    shardServers: servers,
    queries,
    clients,
    ...windowFigures(window, result.requests),
  }))
  run.losses.push(...rows)
  const what = `${servers} shard servers, one killed, ${queries} queries, ${countOfClients(clients)}`
  load.bar(atMost(`${what}: failed or partial`, result.requests.filter(({ error }) => error !== undefined).length, 0))
  load.figure(`${what}: seconds until every answer is whole`, troubleMs(killedMs, result.requests) / 1_000)
  for (const { window, qps, p50Ms, p99Ms } of rows) {
    load.say(`${what}, ${window}: ${qps.toFixed(1)} a second, p50 ${p50Ms?.toFixed(1)} ms, p99 ${p99Ms?.toFixed(1)} ms`)
  }
}

function jobOf(run: ClusterSizesRun, { to, bodies }: Contender, clients: number) {
  if (to.kind !== 'http') throw new Error('only of searches')
  const secondsMax = 2 * run.settings.seconds + (run.settings.replaceAfterMs + loadMsMax) / 1_000
  const isNew = typeof bodies === 'function'
  const count = Math.ceil((secondsMax + warmUpSeconds) * newQueriesPerSecond)
  return {
    target: { ...to, judged: { rankings: new Map() } },
    loop: { kind: 'closed', clients } as const,
    bodies: isNew ? run.queries.peek(count).map(bodies) : bodies,
    repeat: !isNew,
    warmUpSeconds,
    seconds: 2 * secondsMax,
    timeoutMs,
  }
}

/** @returns when every shard had its copies again, or as many as there are servers; undefined where it took too long */
async function killOne(run: ClusterSizesRun, fleet: SizedRun['fleet'], { index, servers }: Loss) {
  const { name, address } = fleet.shardServers.at(-1)!
  await fleet.cluster.removeProcess(name, { signal: 'SIGKILL' })
  const balance = await untilBalanced(fleet.origins, {
    indexes: [index],
    shards: servers * run.settings.shardsPerServer,
    copies: Math.min(replicas, servers - 1),
    accept: placement => copiesOf(placement, address) === 0,
    withinMs: run.settings.replaceAfterMs + loadMsMax,
  })
  return balance?.atMs
}
