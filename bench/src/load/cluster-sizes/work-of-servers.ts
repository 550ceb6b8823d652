import type { SearchAnswer } from '@hypershard/contract'
import { mean } from '../../statistics.ts'
import { atMost, countOfClients } from '../bars.ts'
import { searches } from '../contenders.ts'
import type { LoadRun } from '../load-run.ts'
import type { Measurement } from '../measure/measurement.ts'
import { type MeasuredIndex, measuredIndex } from '../measured-index.ts'
import type { ClusterSizesRun, SizedRun } from './cluster-sizes-run.ts'

const queriesProfiled = 20
const warmUpSeconds = 3
/** Documents fall into shards by a hash, so that they are not quite evenly spread. */
const documentsTimesMax = 1.1
const cpuTimesMax = 1.25

/** What one shard server does for a query, on average. */
interface Work {
  readonly documents: number
  /** By what the row is called. */
  readonly cpuMs: ReadonlyMap<string, number>
}

interface SizeWork {
  readonly servers: number
  readonly work: Work
}

/**
 * Documents and shards grow with the shard servers: what one of them does for a query stays the same. New queries and
 * repeated ones that are each carried out, with each number of encoder services.
 */
export async function measureWork(run: ClusterSizesRun): Promise<void> {
  let first: SizeWork | undefined
  for (const servers of run.settings.servers) {
    await run.inFleet({ shardServers: servers, encoders: run.settings.encoders[0]!, replicas: 1 }, async sized => {
      const work = await measureSize(run, sized, servers)
      if (first === undefined) first = { servers, work }
      else compareWork(sized.load, { servers, work }, first)
    })
  }
}

async function measureSize(run: ClusterSizesRun, { fleet, load }: SizedRun, servers: number): Promise<Work> {
  const { qnet } = await load.models()
  const index = await measuredIndex(load, qnet, servers * run.settings.documentsPerServer)
  await warmUp(load, index)
  const cpuMs = new Map<string, number>()
  for (const encoders of run.settings.encoders) {
    while (encodersOf(fleet.processes) < encoders) await fleet.cluster.addEncoder()
    await load.untilQuiet()
    for (const queries of ['new', 'repeated'] as const) {
      for (const clients of run.settings.clients) {
        const contender = searches(load, index, { plan: 'defaults', queries })
        const named = {
          ...contender,
          asked: { ...contender.asked, target: `${servers} shard servers, ${encoders} encoders` },
        }
        const [row] = await load.compare('work', [named], { kind: 'closed', clients })
        run.work.push({ shardServers: servers, encoders, ...row! })
        const what = `${queries} queries, ${countOfClients(clients)}, ${encoders} encoders`
        cpuMs.set(what, cpuOfServer(row!))
        load.figure(`${servers} shard servers, ${what}: CPU of a shard server a query, ms`, cpuMs.get(what)!)
      }
    }
  }
  const documents = await documentsOfServer(load, index, servers)
  load.figure(`${servers} shard servers: documents ranked or scored by one of them a query`, documents)
  return { documents, cpuMs }
}

/** Processes that have just started are slower, and the coordinator has yet to find out what to send of a query. */
async function warmUp(load: LoadRun, index: MeasuredIndex): Promise<void> {
  const contender = searches(load, index, { plan: 'defaults', queries: 'new' })
  await load.compare('warm-up', [contender], { kind: 'closed', clients: 4 }, { rounds: 1, seconds: warmUpSeconds })
}

function compareWork(load: LoadRun, { servers, work }: SizeWork, first: SizeWork): void {
  const beside = `${servers} shard servers / ${first.servers}`
  load.bar(
    atMost(
      `${beside}: documents ranked or scored by one of them a query`,
      work.documents / first.work.documents,
      documentsTimesMax,
    ),
  )
  for (const [what, cpuMs] of work.cpuMs) {
    load.bar(
      atMost(`${beside}, ${what}: CPU of a shard server a query`, cpuMs / first.work.cpuMs.get(what)!, cpuTimesMax),
    )
  }
}

function encodersOf(processes: readonly { readonly name: string }[]): number {
  return processes.filter(({ name }) => name.startsWith('encoder')).length
}

/** Milliseconds of a core. */
function cpuOfServer({ cpuMs }: Measurement): number {
  return mean(
    Object.entries(cpuMs).flatMap(([name, { main, threads }]) => (name.startsWith('shard-') ? [main + threads] : [])),
  )
}

async function documentsOfServer(load: LoadRun, index: MeasuredIndex, servers: number): Promise<number> {
  let documents = 0
  for (const query of load.queries.take(queriesProfiled)) {
    const body = { query, profile: true }
    const { profile } = await load.api.send<SearchAnswer>('POST', `/v1/indexes/${index.name}/search`, body)
    for (const shard of profile!.shards) documents += shard.documents_scanned + shard.documents_scored
  }
  return documents / queriesProfiled / servers
}
