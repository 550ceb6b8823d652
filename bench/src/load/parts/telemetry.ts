import { atLeast, countOfClients } from '../bars.ts'
import { type SeenCluster, startSeenCluster } from '../cluster/seen-cluster.ts'
import { searches } from '../contenders.ts'
import type { Contender, LoadRun } from '../load-run.ts'
import { qpsRatio, rowsTogether } from '../measure/compare-rounds.ts'
import type { AskedQueries, Measurement } from '../measure/measurement.ts'
import { type MeasuredIndex, mainIndex } from '../measured-index.ts'
import { startTraceSink, type TraceSink } from '../peers/trace-sink.ts'

/** What seeing a cluster may cost of its rate: two of a hundred. */
const qpsMin = 0.98
/** Times that the clusters are started anew: the processes of one differ a little from those of another by chance. */
const sittings = 4
const clients = 8
/** deploy/prometheus/prometheus.yml */
const scrapeIntervalMs = 15_000
const loop = { kind: 'closed', clients } as const
const asked: readonly AskedQueries[] = ['new', 'repeated', 'repeated, kept']

const off = 'nothing counted or traced'
const metrics = 'metrics, scraped'
const traces = 'metrics, scraped; 1 % traced'
const control = `${off}, another cluster`

/** A cluster under the name that its rows have. */
interface Seen {
  readonly name: string
  readonly cluster: SeenCluster
  /** Done in the middle of each round. */
  readonly meanwhile?: () => Promise<void>
}

/**
 * The same searches of clusters that differ in what is seen of them, in turns: metrics off; metrics on and asked for
 * every 15 s; and one search of a hundred traced as well. There are two with metrics off: what these differ by is what the
 * machine and the chance of a start do, not the metrics.
 */
export async function measureTelemetry(run: LoadRun): Promise<void> {
  const index = await mainIndex(run, 'qnet')
  await run.untilQuiet()
  const sink = await startTraceSink()
  const rows: Measurement[] = []
  try {
    for (let sitting = 0; sitting < sittings; sitting++) {
      const clusters = await startAll(run, sink, sitting)
      try {
        for (const queries of asked) {
          const contenders = clusters.map(seen => contenderOf(run, index, seen, queries))
          await run.warmUp(contenders, loop)
          rows.push(...(await run.compare('telemetry', contenders, loop)))
        }
      } finally {
        for (const { cluster } of clusters) await cluster.stop()
      }
    }
  } finally {
    await sink.stop()
  }
  if (sink.bytes === 0) run.skip(traces, 'no trace came to the collector')
  const names = sink.bytes === 0 ? [metrics] : [metrics, traces]
  for (const queries of asked) {
    const own = rows.filter(row => row.queries === queries)
    judge(run, own, names)
  }
}

/**
 * @param sitting Each starts another cluster first: where the memory and the ports of a process lie depends on what was
 * started before it, and may make it a few percent faster or slower for its whole life.
 * @returns the clusters in the order in which they are compared
 */
async function startAll(run: LoadRun, sink: TraceSink, sitting: number): Promise<Seen[]> {
  const kinds: [name: string, environment: Readonly<Record<string, string>>][] = [
    [off, { HYPERSHARD_METRICS: 'off' }],
    [metrics, { HYPERSHARD_METRICS: 'on' }],
    [traces, { HYPERSHARD_METRICS: 'on', HYPERSHARD_TRACE_OTLP_URL: sink.url }],
    [control, { HYPERSHARD_METRICS: 'off' }],
  ]
  const clusters: (SeenCluster | undefined)[] = kinds.map(() => undefined)
  try {
    for (let turn = 0; turn < kinds.length; turn++) {
      const at = (turn + sitting) % kinds.length
      clusters[at] = await startSeenCluster(run, kinds[at]![1])
    }
  } catch (error) {
    for (const cluster of clusters) await cluster?.stop()
    throw error
  }
  return kinds.map(([name, { HYPERSHARD_METRICS }], at) => {
    const cluster = clusters[at]!
    const meanwhile = HYPERSHARD_METRICS === 'on' ? everyInterval(cluster.scrape, run.settings.seconds) : undefined
    return { name, cluster, ...(meanwhile ? { meanwhile } : {}) }
  })
}

/** As often in the time that it is measured as Prometheus asks by its settings in `deploy`: rounds may be shorter. */
function everyInterval(scrape: () => Promise<void>, roundSeconds: number): () => Promise<void> {
  let measuredMs = 0
  return async () => {
    measuredMs += roundSeconds * 1_000
    if (measuredMs < scrapeIntervalMs) return
    measuredMs -= scrapeIntervalMs
    await scrape()
  }
}

function contenderOf(run: LoadRun, index: MeasuredIndex, seen: Seen, queries: AskedQueries): Contender {
  const { httpUrl, processes } = seen.cluster
  const own = { httpUrl, processes: [...processes], repeated: run.repeated }
  const contender = searches(own, index, { plan: 'defaults', queries })
  const { meanwhile } = seen
  return { ...contender, asked: { ...contender.asked, target: seen.name }, ...(meanwhile ? { meanwhile } : {}) }
}

/** @param rows of one kind of queries, of all sittings */
function judge(run: LoadRun, rows: readonly Measurement[], names: readonly string[]): void {
  const { queries, documents } = rows[0]!
  const what = `${queries === 'new' ? 'new' : queries} queries, ${documents} documents, ${countOfClients(clients)}`
  const of = (name: string) => rowsTogether(rows.filter(({ target }) => target === name))
  const base = of(off)
  run.figure(`telemetry, ${what}: QPS / QPS, ${control}`, qpsRatio(of(control), base))
  for (const name of names) {
    const seen = of(name)
    run.figure(`telemetry, ${what}: CPU a request / CPU a request, ${name} / ${off}`, seen.cpuMs / base.cpuMs)
    run.bar(atLeast(`telemetry, ${what}: QPS / QPS, ${name} / ${off}`, qpsRatio(seen, base), qpsMin))
  }
}
