import { setTimeout as wait } from 'node:timers/promises'
import type { LocalCluster } from '@hypershard/local-cluster'
import { type Bar, countOfClients } from './bars.ts'
import type { LoadClient } from './client/load-client.ts'
import type { LoadLoop, LoadTarget } from './client/load-job.ts'
import type { Api } from './cluster/api.ts'
import type { BenchIndexes } from './cluster/bench-indexes.ts'
import { waitUntilQuiet } from './cluster/wait-until-quiet.ts'
import { type Asked, type Measurement, measurementOf, type Sample } from './measure/measurement.ts'
import { takeSample, type WatchedProcess } from './measure/take-sample.ts'
import type { LoadSettings } from './settings.ts'
import type { QuerySource } from './workload/query-source.ts'
import type { BenchDocument } from './workload/read-collection.ts'

const requestTimeoutMs = 30_000
/** More than any target answers a second. */
const newBodiesPerSecond = 2_000
const repeatedQueries = 40

/** Something that can be put under load. */
export interface Contender {
  /** What its row is called; part and load are filled in. */
  readonly asked: Pick<Asked, 'target' | 'documents' | 'plan' | 'queries' | 'texts'>
  readonly to: LoadTarget
  readonly processes: readonly WatchedProcess[]
  /** New queries: the body for one. Repeated ones: all bodies. */
  readonly bodies: ((query: string) => string) | readonly string[]
  /** Done before each of its rounds. */
  readonly before?: () => Promise<void>
  /** Done once in each of its rounds, in the middle of the measured time. */
  readonly meanwhile?: () => Promise<void>
}

/** How long a row is measured, where it is not as long as all others. */
export interface Measured {
  readonly rounds?: number
  readonly seconds?: number
  readonly warmUpSeconds?: number
  /** Measured until this settles, for `seconds` at most. */
  readonly until?: Promise<unknown>
}

/** One number that is no row of requests. */
export interface Figure {
  readonly name: string
  readonly value: number
}

/** What could not be measured, and why. */
export interface Skipped {
  readonly what: string
  readonly why: string
}

export interface ListedModel {
  readonly name: string
  readonly digest: string
  readonly qnet: { readonly vector_dimensions: readonly number[] }
}

/** What the bench has started before the first part begins. */
export interface RunParts {
  readonly settings: LoadSettings
  readonly cluster: LocalCluster
  /** The cluster's data directory. */
  readonly directory: string
  readonly api: Api
  readonly documents: readonly BenchDocument[]
  readonly indexes: BenchIndexes
  readonly queries: QuerySource
  readonly client: LoadClient
  /** Told how far the run is. */
  readonly say: (line: string) => void
}

/** What the parts of the bench share: the cluster, the client, and what was measured so far. */
export class LoadRun {
  readonly settings: LoadSettings
  readonly directory: string
  readonly api: Api
  readonly documents: readonly BenchDocument[]
  readonly indexes: BenchIndexes
  readonly queries: QuerySource
  /** The queries of every row that repeats its own. */
  readonly repeated: readonly string[]
  readonly measurements: Measurement[] = []
  readonly bars: Bar[] = []
  readonly figures: Figure[] = []
  readonly skipped: Skipped[] = []
  readonly #startMs = performance.now()
  readonly #parts: RunParts

  constructor(parts: RunParts) {
    this.settings = parts.settings
    this.directory = parts.directory
    this.api = parts.api
    this.documents = parts.documents
    this.indexes = parts.indexes
    this.queries = parts.queries
    this.repeated = parts.queries.take(repeatedQueries)
    this.#parts = parts
  }

  get httpUrl(): string {
    return this.#parts.cluster.httpUrl
  }

  /** The processes of the cluster; those that serve gRPC with their ports. */
  get processes(): WatchedProcess[] {
    return watchedProcesses(this.#parts.cluster)
  }

  addressOf(name: string): string {
    return this.#parts.cluster.processes.find(process => process.name === name)!.address
  }

  /** The first model is the q-net model, the dense one is the first other whose query is a single vector. */
  async models(): Promise<{ readonly qnet: ListedModel; readonly dense: ListedModel }> {
    const { models } = await this.api.send<{ models: ListedModel[] }>('GET', '/v1/models')
    const dense = models.slice(1).find(model => model.qnet.vector_dimensions.length === 2)
    if (dense === undefined) throw new Error('--models: name a dense model too, whose query is one vector')
    return { qnet: models[0]!, dense }
  }

  untilQuiet(processes: readonly WatchedProcess[] = this.processes): Promise<number> {
    return waitUntilQuiet(processes)
  }

  /** Undefined where the work failed, and the reason among what was left out. */
  async orSkipped<Done>(what: string, work: () => Promise<Done>): Promise<Done | undefined> {
    try {
      return await work()
    } catch (error) {
      this.skip(what, error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  skip(what: string, why: string): void {
    this.skipped.push({ what, why })
    this.say(`left out: ${what}, ${why}`)
  }

  figure(name: string, value: number): void {
    this.figures.push({ name, value })
    this.say(`${name}: ${shortly(value)}`)
  }

  bar(bar: Bar): void {
    this.bars.push(bar)
    this.say(`${bar.name}: ${shortly(bar.value)}, bar ${bar.bar}, ${bar.met ? 'met' : 'MISSED'}`)
  }

  secondsLeft(): number {
    return this.settings.minutes * 60 - (performance.now() - this.#startMs) / 1_000
  }

  say(line: string): void {
    this.#parts.say(line)
  }

  /** Puts each under the same load, in turns for as many rounds as wanted, so that what the machine does meanwhile hits all. */
  async compare(
    part: string,
    contenders: readonly Contender[],
    loop: LoadLoop,
    measured: Measured = {},
  ): Promise<Measurement[]> {
    for (const contender of contenders) await prime(contender)
    const samples: Sample[][] = contenders.map(() => [])
    for (let round = 0; round < (measured.rounds ?? this.settings.rounds); round++) {
      // Every other round the other way round: none always follows the same one.
      const order = [...contenders.entries()]
      for (const [at, contender] of round % 2 === 0 ? order : order.reverse()) {
        samples[at]!.push(await this.#sample(contender, loop, measured))
      }
    }
    return contenders.map(({ asked }, at) =>
      this.record(measurementOf({ part, ...asked, ...namesOf(loop) }, samples[at]!)),
    )
  }

  /** Puts each under load and forgets what was measured: a process that has just started is slow at everything. */
  async warmUp(contenders: readonly Contender[], loop: LoadLoop): Promise<void> {
    for (const contender of contenders) {
      await prime(contender)
      await this.#sample(contender, loop, {})
    }
  }

  record(measurement: Measurement): Measurement {
    this.measurements.push(measurement)
    const { part, target, plan, queries, clients, perSecond, qps, p50Ms, p99Ms, failed } = measurement
    const load = clients === null ? `${perSecond?.toFixed(1)} a second` : countOfClients(clients)
    const asked = [part, target, plan, queries, load].filter(word => word !== null).join(', ')
    const times = `p50 ${p50Ms?.toFixed(1)} ms, p99 ${p99Ms?.toFixed(1)} ms`
    this.say(`${asked}: ${qps.toFixed(1)} a second, ${times}${failed > 0 ? `, ${failed} failed` : ''}`)
    return measurement
  }

  async #sample(contender: Contender, loop: LoadLoop, measured: Measured): Promise<Sample> {
    const { to, bodies, processes, before, meanwhile } = contender
    const warmUpSeconds = measured.warmUpSeconds ?? this.settings.warmUpSeconds
    const seconds = measured.seconds ?? this.settings.seconds
    const isNew = typeof bodies === 'function'
    const perSecond = loop.kind === 'open' ? loop.perSecond : newBodiesPerSecond
    const count = Math.ceil((warmUpSeconds + seconds) * perSecond) + 1
    const job = {
      target: to,
      loop,
      bodies: isNew ? this.queries.peek(count).map(bodies) : bodies,
      repeat: !isNew,
      warmUpSeconds,
      seconds,
      timeoutMs: requestTimeoutMs,
    }
    const { until } = measured
    await before?.()
    const [sample] = await Promise.all([
      takeSample(this.#parts.client, job, { processes, ...(until === undefined ? {} : { until }) }),
      meanwhile === undefined ? undefined : wait((warmUpSeconds + seconds / 2) * 1_000).then(meanwhile),
    ])
    if (isNew) this.queries.skip(sample.result.used)
    return sample
  }
}

/** Repeated queries are asked once each, so that whatever keeps them has them; an answer that is no good ends the bench. */
async function prime({ to, bodies }: Contender): Promise<void> {
  if (typeof bodies === 'function' || to.kind !== 'http') return
  const init = { method: 'POST', headers: { 'content-type': 'application/json' } }
  for (const body of bodies) {
    const answer = await fetch(`${to.origin}${to.path}`, { ...init, body })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`POST ${to.path}: ${text}`)
  }
}

/** The processes of a cluster; those that serve gRPC with their ports. */
export function watchedProcesses(cluster: Pick<LocalCluster, 'processes'>): WatchedProcess[] {
  return cluster.processes.map(({ name, pid, address }) => {
    const serves = name.startsWith('shard-') || name.startsWith('encoder')
    return { name, pid, port: serves ? Number(address.split(':').at(-1)) : undefined }
  })
}

export function shortly(value: number | null): string {
  if (value === null) return '-'
  return Math.abs(value) < 100 ? value.toPrecision(3) : value.toFixed(0)
}

function namesOf(loop: LoadLoop): Pick<Asked, 'loop' | 'clients' | 'perSecond'> {
  return loop.kind === 'closed'
    ? { loop: 'closed', clients: loop.clients, perSecond: null }
    : { loop: 'open', clients: null, perSecond: loop.perSecond }
}
