/**
 * The load bench over several numbers of shard servers and encoder services, and with a shard server killed in the
 * middle. docs/load-bench.md tells how to read it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { writePlot } from '../../plot.ts'
import type { Bar } from '../bars.ts'
import { LoadClient } from '../client/load-client.ts'
import type { Figure, Skipped } from '../load-run.ts'
import { QuerySource } from '../workload/query-source.ts'
import { enlarge, readCollection } from '../workload/read-collection.ts'
import { sentencesOf } from '../workload/sentences.ts'
import { clusterSizesPlot } from './cluster-sizes-plot.ts'
import { ClusterSizesRun, type LossRow, type WorkRow } from './cluster-sizes-run.ts'
import { measureLosses } from './loss-of-server.ts'
import { type ClusterPart, type ClusterSizesSettings, readClusterSizes } from './settings.ts'
import { measureWork } from './work-of-servers.ts'

export interface ClusterSizesReport {
  readonly collection: { readonly folders: readonly string[]; readonly real: number; readonly documents: number }
  readonly settings: Omit<ClusterSizesSettings, 'load'>
  readonly bars: readonly Bar[]
  readonly figures: readonly Figure[]
  readonly skipped: readonly Skipped[]
  readonly rows: readonly WorkRow[]
  readonly losses: readonly LossRow[]
}

const parts: Readonly<Record<ClusterPart, (run: ClusterSizesRun) => Promise<void>>> = {
  work: measureWork,
  loss: measureLosses,
}

export async function runClusterSizesBench(options: Readonly<Record<string, unknown>>): Promise<ClusterSizesReport> {
  const settings = readClusterSizes(options)
  const { keep, plot, dataFolders } = settings.load
  const directory = resolve(keep ?? (await mkdtemp(join(tmpdir(), 'hypershard-load-'))))
  const client = new LoadClient()
  try {
    const { documents, real, queries } = await readTexts(settings)
    const run = new ClusterSizesRun({ settings, directory, documents, queries, client, say })
    for (const part of settings.parts) await parts[part](run)
    if (plot !== undefined && run.losses.length > 0) await writePlot(plot, clusterSizesPlot(run.losses))
    const { load: _, ...told } = settings
    const { bars, figures, skipped, work, losses } = run
    const collection = { folders: dataFolders.map(folder => basename(folder)), real, documents: documents.length }
    return { collection, settings: told, bars, figures, skipped, rows: work, losses }
  } finally {
    client.close()
    if (keep === undefined) await rm(directory, { recursive: true })
  }
}

/** Sentences as documents, so that indexing as many as the largest cluster has takes little of the time. */
async function readTexts({ servers, documentsPerServer, load }: ClusterSizesSettings) {
  const wanted = servers.at(-1)! * documentsPerServer
  const collection = await readCollection(load.dataFolders, wanted)
  const sentences = sentencesOf(collection.documents.slice(0, collection.real)).slice(0, wanted)
  // Queries alone would be too few to ask none twice.
  const texts = [...collection.queries, ...sentences.map(({ text }) => text)]
  return { documents: enlarge(sentences, wanted), real: sentences.length, queries: new QuerySource(texts) }
}

/** How far the run is; the table or the JSON comes when it is over. */
function say(line: string): void {
  console.error(line)
}
