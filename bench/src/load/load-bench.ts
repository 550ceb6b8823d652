/**
 * Whole requests: a cluster of separate processes, driven over HTTP by a client process, beside what its parts and other servers
 * do under the same load in the same run. docs/load-bench.md tells how to read it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type LocalCluster, startCluster } from '@hypershard/local-cluster'
import type { Bar } from './bars.ts'
import { LoadClient } from './client/load-client.ts'
import { Api } from './cluster/api.ts'
import { BenchIndexes } from './cluster/bench-indexes.ts'
import { waitUntilQuiet } from './cluster/wait-until-quiet.ts'
import { LoadRun, type Skipped } from './load-run.ts'
import type { Measurement } from './measure/measurement.ts'
import { measureNewQueries } from './parts/new-queries.ts'
import { measureRepeatedQueries } from './parts/repeated-queries.ts'
import { type LoadSettings, type PartName, readSettings } from './settings.ts'
import { QuerySource } from './workload/query-source.ts'
import { readCollection } from './workload/read-collection.ts'

export { loadBenchOptions } from './settings.ts'

export interface LoadReport {
  readonly rows: readonly Measurement[]
  readonly bars: readonly Bar[]
  readonly skipped: readonly Skipped[]
}

const parts: Readonly<Record<PartName, (run: LoadRun) => Promise<void>>> = {
  new: measureNewQueries,
  repeated: measureRepeatedQueries,
}

export async function runLoadBench(options: Readonly<Record<string, unknown>>): Promise<LoadReport> {
  const settings = readSettings(options)
  const directory = settings.keep ?? (await mkdtemp(join(tmpdir(), 'hypershard-load-')))
  try {
    const cluster = await startCluster({
      dataDirectory: resolve(directory),
      modelDirectories: settings.modelDirectories.map(folder => resolve(folder)),
      shardServers: settings.shardServers,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: process.env,
      restart: false,
    })
    try {
      return await measure(cluster, settings)
    } finally {
      await cluster.stop()
    }
  } finally {
    if (settings.keep === undefined) await rm(directory, { recursive: true })
  }
}

async function measure(cluster: LocalCluster, settings: LoadSettings): Promise<LoadReport> {
  const collection = await readCollection(settings.dataFolders, settings.documents.at(-1)!)
  const client = new LoadClient()
  try {
    const api = new Api(cluster.httpUrl)
    const indexes = new BenchIndexes(api, {
      documents: collection.documents,
      shards: settings.shards,
      onBuilt: async (name, { documents, seconds }) => {
        say(`${name}: ${documents} documents, ${(documents / seconds).toFixed(0)} a second`)
        await waitUntilQuiet(cluster.processes)
      },
    })
    const queries = new QuerySource(collection.queries)
    const run = new LoadRun({ settings, cluster, api, indexes, queries }, { client, say })
    for (const part of settings.parts) await parts[part](run)
    return { rows: run.measurements, bars: run.bars, skipped: run.skipped }
  } finally {
    client.close()
  }
}

/** How far the run is; the table or the JSON comes when it is over. */
function say(line: string): void {
  console.error(line)
}
