import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type ClusterProcess, type Environment, startCluster } from '@hypershard/local-cluster'
import { type LoadRun, watchedProcesses } from '../load-run.ts'
import type { WatchedProcess } from '../measure/take-sample.ts'

/** As a file says it for HYPERSHARD_TELEMETRY_FILE. */
export interface TelemetrySettings {
  readonly metrics: 'on' | 'off'
  readonly trace_sample_percent: number
}

export interface SeenClusterOptions {
  readonly settings: TelemetrySettings
  readonly environment: Environment
}

/** A cluster beside the run's own, with the same indexes. */
export interface SeenCluster {
  readonly httpUrl: string
  readonly processes: readonly WatchedProcess[]
  /** Asks every process for its metrics, as a Prometheus does. @throws Error when a process does not give them */
  scrape(): Promise<void>
  /** Changes what all processes count and trace. @throws Error when a process does not do so */
  set(settings: TelemetrySettings): Promise<void>
  stop(): Promise<void>
}

/** What a coordinator that counts says, also before its first search has ended. */
const counts = /^# TYPE hypershard_searches_total /m

/** Starts a cluster on a copy of the run's store. */
export async function startSeenCluster(
  run: LoadRun,
  { settings, environment }: SeenClusterOptions,
): Promise<SeenCluster> {
  const root = await mkdtemp(join(tmpdir(), 'hypershard-seen-'))
  const remove = () => rm(root, { recursive: true, force: true })
  // Not in the data directory, which a cluster keeps for itself.
  const telemetryFile = join(root, 'telemetry.json')
  const directory = join(root, 'data')
  try {
    await cp(join(run.directory, 'store'), join(directory, 'store'), { recursive: true })
    await writeTelemetry(telemetryFile, settings)
    const cluster = await startCluster({
      dataDirectory: directory,
      modelDirectories: run.settings.modelDirectories.map(folder => resolve(folder)),
      shardServers: run.settings.shardServers,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: { ...process.env, ...environment, HYPERSHARD_TELEMETRY_FILE: telemetryFile },
      restart: false,
    })
    return {
      httpUrl: cluster.httpUrl,
      processes: watchedProcesses(cluster),
      scrape: async () => {
        const texts = await Promise.all(cluster.processes.map(service => askAdmin(service, '/metrics')))
        if (!texts.some(text => counts.test(text))) throw new Error('no process counts searches')
      },
      set: async wanted => {
        await writeTelemetry(telemetryFile, wanted)
        for (const process of cluster.processes) {
          const told = JSON.parse(await askAdmin(process, '/telemetry')) as unknown
          if (!isDeepStrictEqual(told, wanted)) throw new Error(`${process.name} counts and traces otherwise`)
        }
      },
      stop: async () => {
        await cluster.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Whole or not at all: a process may read it at any time. */
async function writeTelemetry(file: string, settings: TelemetrySettings): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(settings))
  await rename(`${file}.new`, file)
}

async function askAdmin({ name, adminAddress }: ClusterProcess, path: string): Promise<string> {
  const response = await fetch(`http://${adminAddress}${path}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${name}: ${path}: ${text}`)
  return text
}
