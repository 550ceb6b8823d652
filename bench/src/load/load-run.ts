import type { LocalCluster } from '@hypershard/local-cluster'
import type { Bar } from './bars.ts'
import type { LoadClient } from './client/load-client.ts'
import type { LoadLoop, LoadTarget } from './client/load-job.ts'
import type { Api } from './cluster/api.ts'
import type { BenchIndexes } from './cluster/bench-indexes.ts'
import { type Asked, type Measurement, measurementOf, type Sample } from './measure/measurement.ts'
import { takeSample, type WatchedProcess } from './measure/take-sample.ts'
import type { LoadSettings } from './settings.ts'
import type { QuerySource } from './workload/query-source.ts'

const requestTimeoutMs = 30_000
/** More than any target answers a second. */
const newBodiesPerSecond = 2_000

/** Something that can be put under load. */
export interface Contender {
  /** What its row is called; `loop`, `clients` and `part` are filled in. */
  readonly asked: Pick<Asked, 'target' | 'documents' | 'plan' | 'queries' | 'texts'>
  readonly to: LoadTarget
  readonly processes: readonly WatchedProcess[]
  /** New queries: the body for one. Repeated ones: all bodies. */
  readonly bodies: ((query: string) => string) | readonly string[]
}

/** What could not be measured, and why. */
export interface Skipped {
  readonly what: string
  readonly why: string
}

/** What the parts of the bench share. */
export class LoadRun {
  readonly settings: LoadSettings
  readonly cluster: LocalCluster
  readonly api: Api
  readonly indexes: BenchIndexes
  readonly queries: QuerySource
  readonly measurements: Measurement[] = []
  readonly bars: Bar[] = []
  readonly skipped: Skipped[] = []
  readonly #client: LoadClient
  readonly #say: (line: string) => void

  constructor(
    parts: Pick<LoadRun, 'settings' | 'cluster' | 'api' | 'indexes' | 'queries'>,
    { client, say }: { readonly client: LoadClient; readonly say: (line: string) => void },
  ) {
    this.settings = parts.settings
    this.cluster = parts.cluster
    this.api = parts.api
    this.indexes = parts.indexes
    this.queries = parts.queries
    this.#client = client
    this.#say = say
  }

  /** The processes of the cluster; those that serve gRPC with their ports. */
  get processes(): WatchedProcess[] {
    return this.cluster.processes.map(({ name, pid, address }) => {
      const served = name.startsWith('shard-') || name === 'encoder'
      return { name, pid, port: served ? Number(address.split(':').at(-1)) : undefined }
    })
  }

  addressOf(name: string): string {
    return this.cluster.processes.find(process => process.name === name)!.address
  }

  /** Puts each under the same load, in turns for as many rounds as wanted, so that what the machine does meanwhile hits all. */
  async compare(part: string, contenders: readonly Contender[], loop: LoadLoop, rounds = this.settings.rounds) {
    for (const contender of contenders) await prime(contender)
    const samples: Sample[][] = contenders.map(() => [])
    for (let round = 0; round < rounds; round++) {
      for (const [at, contender] of contenders.entries()) samples[at]!.push(await this.#sample(contender, loop))
    }
    return contenders.map(({ asked }, at) =>
      this.record(measurementOf({ part, ...asked, ...namesOf(loop) }, samples[at]!)),
    )
  }

  record(measurement: Measurement): Measurement {
    this.measurements.push(measurement)
    const { part, target, plan, queries, clients, qps, p50Ms, p99Ms, failed } = measurement
    const asked = [part, target, plan, queries, `${clients ?? 'open'}`].filter(Boolean).join(', ')
    const times = `p50 ${p50Ms?.toFixed(1)} ms, p99 ${p99Ms?.toFixed(1)} ms`
    this.#say(`${asked}: ${qps.toFixed(1)} a second, ${times}${failed > 0 ? `, ${failed} failed` : ''}`)
    return measurement
  }

  async #sample({ to, bodies, processes }: Contender, loop: LoadLoop): Promise<Sample> {
    const { warmUpSeconds, seconds } = this.settings
    const isNew = typeof bodies === 'function'
    const count = Math.ceil((warmUpSeconds + seconds) * newBodiesPerSecond)
    const job = {
      target: to,
      loop,
      bodies: isNew ? this.queries.peek(count).map(bodies) : bodies,
      repeat: !isNew,
      warmUpSeconds,
      seconds,
      timeoutMs: requestTimeoutMs,
    }
    const sample = await takeSample(this.#client, job, { processes })
    if (isNew) this.queries.skip(sample.result.used)
    return sample
  }
}

/** Repeated queries are asked once each, so that whatever keeps them has them; an answer that is no good ends the bench. */
async function prime({ to, bodies }: Contender): Promise<void> {
  if (typeof bodies === 'function' || to.kind !== 'http') return
  const method = { method: 'POST', headers: { 'content-type': 'application/json' } }
  for (const body of bodies) {
    const answer = await fetch(`${to.origin}${to.path}`, { ...method, body })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`POST ${to.path}: ${text}`)
  }
}

function namesOf(loop: LoadLoop): Pick<Asked, 'loop' | 'clients' | 'perSecond'> {
  return loop.kind === 'closed'
    ? { loop: 'closed', clients: loop.clients, perSecond: null }
    : { loop: 'open', clients: null, perSecond: loop.perSecond }
}
