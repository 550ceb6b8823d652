/**
 * Whole requests: a cluster of separate processes, driven over HTTP by a client process, beside what its parts and other servers
 * do under the same load in the same run. docs/load-bench.md tells how to read it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { type LocalCluster, startCluster } from '@hypershard/local-cluster'
import { writePlot } from '../plot.ts'
import type { Bar } from './bars.ts'
import { LoadClient } from './client/load-client.ts'
import { Api } from './cluster/api.ts'
import { BenchIndexes } from './cluster/bench-indexes.ts'
import { waitUntilQuiet } from './cluster/wait-until-quiet.ts'
import { clusterSizesOptions } from './cluster-sizes/settings.ts'
import { loadPlot } from './load-plot.ts'
import { type Figure, LoadRun, type Skipped } from './load-run.ts'
import type { Measurement } from './measure/measurement.ts'
import { measureBatches } from './parts/batches.ts'
import { measureComposed } from './parts/composed.ts'
import { measureIdle } from './parts/idle.ts'
import { measureNewQueries } from './parts/new-queries.ts'
import { measureOpenLoop } from './parts/open-loop.ts'
import { measurePlans } from './parts/plans.ts'
import { measureRepeatedQueries } from './parts/repeated-queries.ts'
import { measureServices } from './parts/services.ts'
import { measureSizes } from './parts/sizes.ts'
import { measureSmallWrites } from './parts/small-writes.ts'
import { measureTelemetry } from './parts/telemetry.ts'
import { measureWhileIndexing } from './parts/while-indexing.ts'
import { type LoadSettings, type PartName, readSettings, loadBenchOptions as wholeOptions } from './settings.ts'
import { QuerySource } from './workload/query-source.ts'
import { readCollection } from './workload/read-collection.ts'

/** With `--cluster` it is another bench: cluster-sizes/cluster-sizes-bench.ts. */
export const loadBenchOptions = { ...wholeOptions, ...clusterSizesOptions }

export interface LoadReport {
  /** Of the documents of the largest index, `real` are the collection's; the others are halves of two of them. */
  readonly collection: { readonly folders: readonly string[]; readonly real: number; readonly documents: number }
  readonly bars: readonly Bar[]
  readonly figures: readonly Figure[]
  readonly skipped: readonly Skipped[]
  readonly rows: readonly Measurement[]
}

const parts: Readonly<Record<PartName, (run: LoadRun) => Promise<void>>> = {
  indexing: measureWhileIndexing,
  new: measureNewQueries,
  repeated: measureRepeatedQueries,
  plans: measurePlans,
  composed: measureComposed,
  batch: measureBatches,
  open: measureOpenLoop,
  writes: measureSmallWrites,
  idle: measureIdle,
  services: run => measureServices(run),
  telemetry: measureTelemetry,
  sizes: measureSizes,
}

export async function runLoadBench(options: Readonly<Record<string, unknown>>): Promise<LoadReport> {
  const settings = readSettings(options)
  const directory = resolve(settings.keep ?? (await mkdtemp(join(tmpdir(), 'hypershard-load-'))))
  try {
    const cluster = await startCluster({
      dataDirectory: directory,
      modelDirectories: settings.modelDirectories.map(folder => resolve(folder)),
      shardServers: settings.shardServers,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: process.env,
      restart: false,
    })
    try {
      const report = await measure(cluster, directory, settings)
      if (settings.plot !== undefined) await writePlot(settings.plot, loadPlot(report.rows))
      return report
    } finally {
      await cluster.stop()
    }
  } finally {
    if (settings.keep === undefined) await rm(directory, { recursive: true })
  }
}

async function measure(cluster: LocalCluster, directory: string, settings: LoadSettings): Promise<LoadReport> {
  const { documents, real, queries: texts } = await readCollection(settings.dataFolders, settings.documents.at(-1)!)
  const api = new Api(cluster.httpUrl)
  const indexes = new BenchIndexes(api, {
    documents,
    shards: settings.shards,
    say,
    onIndexed: () => waitUntilQuiet(cluster.processes),
  })
  const client = new LoadClient()
  try {
    const queries = new QuerySource(texts)
    const run = new LoadRun({ settings, cluster, directory, api, documents, indexes, queries, client, say })
    for (const part of settings.parts) await parts[part](run)
    const { measurements: rows, bars, figures, skipped } = run
    const collection = {
      folders: settings.dataFolders.map(folder => basename(folder)),
      real,
      documents: documents.length,
    }
    return { collection, bars, figures, skipped, rows }
  } finally {
    client.close()
  }
}

/** How far the run is; the table or the JSON comes when it is over. */
function say(line: string): void {
  console.error(line)
}
