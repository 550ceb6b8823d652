import { median, quantile } from '../../statistics.ts'
import type { LoadResult } from '../client/load-job.ts'
import type { CpuSeconds } from './process-cpu.ts'
import type { SocketBytes } from './socket-bytes.ts'

/** Asked for the first time; over and over, each carried out; or over and over, as the coordinator has kept the answers. */
export type AskedQueries = 'new' | 'repeated' | 'repeated, kept'

/** What was asked for, as the table and the JSON name it. */
export interface Asked {
  /** The part of the bench, as `--only` takes it. */
  readonly part: string
  /** Who answers: the cluster with one of its models, or a peer. */
  readonly target: string
  readonly documents: number | null
  readonly plan: string | null
  readonly queries: AskedQueries
  readonly texts: boolean
  readonly loop: 'closed' | 'open'
  /** Of a closed loop. */
  readonly clients: number | null
  /** Of an open loop. */
  readonly perSecond: number | null
}

/** One measured time. */
export interface Sample {
  readonly result: LoadResult
  /** CPU seconds of each process of the target, by its name. */
  readonly cpu: Readonly<Record<string, CpuSeconds>>
  /** Between the cluster's processes, by the name of the one that serves; null where nobody counts them. */
  readonly internal: Readonly<Record<string, SocketBytes>> | null
}

/** A row: one or more measured times of the same. */
export interface Measurement extends Asked {
  readonly rounds: number
  readonly seconds: number
  readonly requests: number
  /** The median of the rounds. */
  readonly qps: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly failed: number
  readonly errors: Readonly<Record<string, number>>
  /** Milliseconds of a core a request, by process. */
  readonly cpuMs: Readonly<Record<string, CpuSeconds>>
  readonly clientCpuMs: number
  /** Bytes a request over HTTP, with headers. */
  readonly sentBytes: number | null
  readonly receivedBytes: number | null
  /** Bytes a request between the processes, by the one that serves. */
  readonly internalBytes: Readonly<Record<string, SocketBytes>> | null
  /** QPS of each round, so that rounds of two targets that took turns can be compared one by one. */
  readonly qpsOfRounds: readonly number[]
  readonly p50MsOfRounds: readonly (number | null)[]
  /** Milliseconds of a core a request, all processes of the target together, of each round; null where nothing was answered. */
  readonly cpuMsOfRounds: readonly (number | null)[]
}

/** Percentiles are exact, over the requests of all rounds. */
export function measurementOf(asked: Asked, samples: readonly Sample[]): Measurement {
  const results = samples.map(({ result }) => result)
  const latencies = results.flatMap(({ latenciesMs }) => [...latenciesMs])
  const completed = sum(results.map(result => result.completed))
  const errors = sumByName(results.map(result => result.errors))
  const qpsOfRounds = results.map(result => result.completed / result.seconds)
  const perRequest = (total: number) => (completed === 0 ? 0 : total / completed)
  const bytes = (field: 'bytesSent' | 'bytesReceived') => {
    const counted = results.map(result => result[field])
    return counted.some(count => count === null) ? null : perRequest(sum(counted.map(Number)))
  }
  return {
    ...asked,
    rounds: samples.length,
    seconds: sum(results.map(({ seconds }) => seconds)),
    requests: completed,
    qps: median(qpsOfRounds),
    p50Ms: quantileOf(latencies, 0.5),
    p95Ms: quantileOf(latencies, 0.95),
    p99Ms: quantileOf(latencies, 0.99),
    failed: sum(Object.values(errors)),
    errors,
    cpuMs: mapFields(sumRecords(samples.map(({ cpu }) => cpu)), seconds => perRequest(seconds) * 1_000),
    clientCpuMs: perRequest(sum(results.map(({ cpuSeconds }) => cpuSeconds))) * 1_000,
    sentBytes: bytes('bytesSent'),
    receivedBytes: bytes('bytesReceived'),
    internalBytes: internalOf(samples, perRequest),
    qpsOfRounds,
    p50MsOfRounds: results.map(({ latenciesMs }) => quantileOf([...latenciesMs], 0.5)),
    cpuMsOfRounds: samples.map(cpuMsOfSample),
  }
}

/** Of all processes of the target: what a busy machine changes least. */
export function cpuMsOfAll({ cpuMs }: Pick<Measurement, 'cpuMs'>): number {
  return sum(Object.values(cpuMs).map(({ main, threads }) => main + threads))
}

function cpuMsOfSample({ cpu, result: { completed } }: Sample): number | null {
  const seconds = sum(Object.values(cpu).map(({ main, threads }) => main + threads))
  return completed === 0 ? null : (seconds * 1_000) / completed
}

function internalOf(samples: readonly Sample[], perRequest: (total: number) => number) {
  const counted = samples.flatMap(({ internal }) => (internal === null ? [] : [internal]))
  return counted.length < samples.length ? null : mapFields(sumRecords(counted), perRequest)
}

function quantileOf(values: readonly number[], share: number): number | null {
  return values.length === 0 ? null : quantile(values, share)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function sumByName(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) total[name] = (total[name] ?? 0) + value
  }
  return total
}

/** Field by field, of records that have numbers for each name. */
function sumRecords<Fields extends object>(records: readonly Readonly<Record<string, Fields>>[]) {
  const names = [...new Set(records.flatMap(record => Object.keys(record)))]
  const fieldsOf = (name: string) => records.flatMap(record => (record[name] === undefined ? [] : [record[name]]))
  return Object.fromEntries(
    names.map(name => [name, sumByName(fieldsOf(name) as unknown as Record<string, number>[]) as unknown as Fields]),
  )
}

function mapFields<Fields extends object>(
  record: Readonly<Record<string, Fields>>,
  change: (value: number) => number,
): Record<string, Fields> {
  const changed = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, change(value)])) as Fields
  return Object.fromEntries(Object.entries(record).map(([name, fields]) => [name, changed(fields)]))
}
