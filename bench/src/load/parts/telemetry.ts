import { atLeast, atMost, countOfClients } from '../bars.ts'
import { type SeenCluster, startSeenCluster, type TelemetrySettings } from '../cluster/seen-cluster.ts'
import { searches } from '../contenders.ts'
import type { Contender, LoadRun } from '../load-run.ts'
import type { AskedQueries, Measurement } from '../measure/measurement.ts'
import { middleOf, pairedRatio, type RatioWithInterval } from '../measure/paired-ratio.ts'
import { type MeasuredIndex, mainIndex } from '../measured-index.ts'
import { startTraceSink } from '../peers/trace-sink.ts'

/** What seeing a cluster may cost of its rate: two of a hundred. */
const costMax = 0.02
const clients = 8
/** deploy/prometheus/prometheus.yml */
const scrapeIntervalMs = 15_000
const loop = { kind: 'closed', clients } as const

/** Rounds for each of `--rounds`: many short ones, so that what the machine does meanwhile hits all alike. */
const rounds: Readonly<Record<AskedQueries, number>> = { new: 5, repeated: 4, 'repeated, kept': 3 }
const roundShare = 0.5
/** Longer than spans wait to be sent: those of a round are sent in it, and those of another before it. */
const settleSeconds = 1.1

interface Kind {
  readonly name: string
  readonly settings: TelemetrySettings
}

const off: Kind = { name: 'nothing counted or traced', settings: { metrics: 'off', trace_sample_percent: 0 } }
const control: Kind = { ...off, name: 'nothing counted or traced, once more' }
const metrics: Kind = { name: 'metrics, scraped', settings: { metrics: 'on', trace_sample_percent: 0 } }
const traces: Kind = { name: 'metrics, scraped; 1 % traced', settings: { metrics: 'on', trace_sample_percent: 1 } }

/** In a round and back in the next: what is off stands before and behind what is on. */
const kinds = [off, metrics, traces, control]

/**
 * The same searches of the same processes, which are told between short rounds what they count and trace: nothing; metrics,
 * asked for every 15 s; one search of a hundred traced as well; nothing again. Processes that were started anew would differ
 * by more than what is measured.
 */
export async function measureTelemetry(run: LoadRun): Promise<void> {
  const index = await mainIndex(run, 'qnet')
  await run.untilQuiet()
  const sink = await startTraceSink()
  try {
    const cluster = await startSeenCluster(run, {
      settings: off.settings,
      environment: { HYPERSHARD_TRACE_OTLP_URL: sink.url },
    })
    try {
      for (const [queries, times] of Object.entries(rounds) as [AskedQueries, number][]) {
        const contenders = kinds.map(kind => contenderOf(run, { index, cluster, kind, queries }))
        // The same processes all of them: once with everything, so that all of it was done before.
        await run.warmUp(contenders.slice(2), loop)
        const measured = {
          rounds: run.settings.rounds * times,
          seconds: run.settings.seconds * roundShare,
          warmUpSeconds: settleSeconds,
        }
        judge(run, await run.compare('telemetry', contenders, loop, measured))
      }
    } finally {
      await cluster.stop()
    }
    // Otherwise what was measured is not what the rows say.
    if (sink.bytes === 0) throw new Error('no trace came to the collector')
  } finally {
    await sink.stop()
  }
}

/** As often in the time that it is measured as Prometheus asks by its settings in `deploy`: rounds are shorter. */
function everyInterval(scrape: () => Promise<void>, roundSeconds: number): () => Promise<void> {
  let measuredMs = 0
  return async () => {
    measuredMs += roundSeconds * 1_000
    if (measuredMs < scrapeIntervalMs) return
    measuredMs -= scrapeIntervalMs
    await scrape()
  }
}

interface Seen {
  readonly index: MeasuredIndex
  readonly cluster: SeenCluster
  readonly kind: Kind
  readonly queries: AskedQueries
}

function contenderOf(run: LoadRun, { index, cluster, kind: { name, settings }, queries }: Seen): Contender {
  const own = { httpUrl: cluster.httpUrl, processes: [...cluster.processes], repeated: run.repeated }
  const contender = searches(own, index, { plan: 'defaults', queries })
  const scraped = settings.metrics === 'on'
  return {
    ...contender,
    asked: { ...contender.asked, target: name },
    before: () => cluster.set(settings),
    ...(scraped && { meanwhile: everyInterval(cluster.scrape, run.settings.seconds * roundShare) }),
  }
}

/** @param rows of one kind of queries, in the order of `kinds` */
function judge(run: LoadRun, rows: readonly Measurement[]): void {
  const [nothing, , , again] = rows as [Measurement, Measurement, Measurement, Measurement]
  const { queries, documents } = nothing
  const asked = `telemetry, ${queries} queries, ${documents} documents, ${countOfClients(clients)}`
  const tell = (name: string, { low, high }: RatioWithInterval) => {
    run.figure(`${name}, at least (95 %)`, low)
    run.figure(`${name}, at most (95 %)`, high)
  }
  const ratesOf = ({ qpsOfRounds }: Measurement) => qpsOfRounds
  const costsOf = ({ cpuMsOfRounds }: Measurement) => cpuMsOfRounds.map(ms => ms ?? Number.NaN)
  const compared = (of: (row: Measurement) => readonly number[], row: Measurement) => {
    const base = row === again ? of(nothing) : middleOf(of(nothing), of(again))
    return pairedRatio(of(row).map((value, round) => [value, base[round]!] as const))
  }
  for (const row of rows.slice(1)) {
    const rate = compared(ratesOf, row)
    const cost = compared(costsOf, row)
    const rateName = `${asked}: QPS / QPS, ${row.target} / ${off.name}`
    const costName = `${asked}: CPU a request / CPU a request, ${row.target} / ${off.name}`
    if (row === again) {
      // What means nothing must come out as nothing.
      run.bar(atMost(`${rateName}, distance from 1`, Math.abs(rate.ratio - 1), costMax))
    } else {
      run.bar(atLeast(rateName, rate.ratio, 1 - costMax))
    }
    tell(rateName, rate)
    run.figure(costName, cost.ratio)
    tell(costName, cost)
  }
}
