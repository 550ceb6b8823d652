/**
 * A cluster under a steady load while servers come, go, hang and are upgraded: separate processes, searched over HTTP,
 * every answer compared with what is true. docs/elastic-bench.md tells how to read it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Bar } from '../load/bars.ts'
import type { Figure, Skipped } from '../load/load-run.ts'
import { readCollection } from '../load/workload/read-collection.ts'
import { sentencesOf } from '../load/workload/sentences.ts'
import { type ElasticRow, ElasticRun } from './elastic-run.ts'
import { loseOneOfTwo, loseOnlyCopy } from './scenarios/loss.ts'
import { loseRedis } from './scenarios/redis-away.ts'
import { rollingRestart } from './scenarios/rolling-restart.ts'
import { scaleOutAndIn } from './scenarios/scale.ts'
import { slowReplica } from './scenarios/slow-replica.ts'
import { type ElasticSettings, readElasticSettings, type ScenarioName } from './settings.ts'

export { elasticBenchOptions } from './settings.ts'

const queriesAsked = 40

export interface ElasticReport {
  readonly settings: ElasticSettings
  readonly bars: readonly Bar[]
  readonly figures: readonly Figure[]
  readonly skipped: readonly Skipped[]
  /** The first of each load, in words; they count as failed. */
  readonly wrongAnswers: readonly string[]
  readonly rows: readonly ElasticRow[]
}

const scenarios: Readonly<Record<ScenarioName, (run: ElasticRun) => Promise<void>>> = {
  rolling: rollingRestart,
  scale: scaleOutAndIn,
  loss: loseOnlyCopy,
  'loss-replicated': loseOneOfTwo,
  slow: slowReplica,
  redis: loseRedis,
}

export async function runElasticBench(options: Readonly<Record<string, unknown>>): Promise<ElasticReport> {
  const settings = readElasticSettings(options)
  const directory = resolve(settings.keep ?? (await mkdtemp(join(tmpdir(), 'hypershard-elastic-'))))
  const run = new ElasticRun({ settings, directory, ...(await readTexts(settings)), say: line => console.error(line) })
  try {
    for (const name of settings.scenarios) await scenarios[name](run)
    const { bars, figures, skipped, wrongAnswers, rows } = run
    return { settings, bars, figures, skipped, wrongAnswers, rows }
  } finally {
    run.client.close()
    if (settings.keep === undefined) await rm(directory, { recursive: true })
  }
}

/** @throws Error when the collection has too few */
async function readTexts({ dataFolder, documents }: ElasticSettings) {
  const { documents: all, real, queries } = await readCollection([dataFolder], documents)
  const sentences = sentencesOf(all.slice(0, real))
  if (sentences.length < documents) throw new Error(`--documents: ${dataFolder} has ${sentences.length} sentences`)
  return { documents: sentences.slice(0, documents), queries: queries.slice(0, queriesAsked) }
}
