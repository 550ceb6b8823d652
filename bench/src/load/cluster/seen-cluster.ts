import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ClusterProcess, type Environment, startCluster } from '@hypershard/local-cluster'
import { type LoadRun, watchedProcesses } from '../load-run.ts'
import type { WatchedProcess } from '../measure/take-sample.ts'

/** A cluster beside the run's own, with the same indexes. */
export interface SeenCluster {
  readonly httpUrl: string
  readonly processes: readonly WatchedProcess[]
  /** Asks every process for its metrics, as a Prometheus does. @throws Error when a process does not give them */
  scrape(): Promise<void>
  stop(): Promise<void>
}

/** What a coordinator that counts says, also before its first search has ended. */
const counts = /^# TYPE hypershard_searches_total /m

/** Starts a cluster on a copy of the run's store. */
export async function startSeenCluster(run: LoadRun, environment: Environment): Promise<SeenCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-seen-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    await cp(join(run.directory, 'store'), join(directory, 'store'), { recursive: true })
    const cluster = await startCluster({
      dataDirectory: directory,
      modelDirectories: run.settings.modelDirectories.map(folder => resolve(folder)),
      shardServers: run.settings.shardServers,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: { ...process.env, ...environment },
      restart: false,
    })
    return {
      httpUrl: cluster.httpUrl,
      processes: watchedProcesses(cluster),
      scrape: async () => {
        const texts = await Promise.all(cluster.processes.map(service => metricsOf(service)))
        if (!texts.some(text => counts.test(text))) throw new Error('no process counts searches')
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

async function metricsOf({ name, adminAddress }: ClusterProcess): Promise<string> {
  const response = await fetch(`http://${adminAddress}/metrics`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${name}: /metrics: ${text}`)
  return text
}
