/**
 * Judges runs of several rankers over several collections, and compares every ranker with one of them: the table of
 * docs/results.md. Runs come from `python -m hypershard_training rank`, or from `hypershard eval --run`.
 */
import { join } from 'node:path'
import {
  beirFiles,
  defaultMetrics,
  type JudgedRun,
  judgeRun,
  metricDifference,
  metricName,
  randomisationTest,
  readJudgements,
  readRun,
} from '@hypershard/evaluation'

export const rankingBenchOptions = {
  /** Holds `<ranker>/<collection>.trec`. */
  runs: { type: 'string' },
  /** Holds collections in BEIR layout. */
  data: { type: 'string' },
  /** Separated by commas; the first is what the others are compared with. */
  rankers: { type: 'string' },
  /** Collections with queries like those trained on, `name` or `name:split`. */
  'in-domain': { type: 'string' },
  'out-of-domain': { type: 'string' },
} as const

const metrics = defaultMetrics.filter(metric => metric.kind !== 'MAP')
const comparedMetric = 0
const randomisation = { permutations: 100_000, seed: 1 }

interface Group {
  readonly name: string
  readonly collections: readonly { readonly name: string; readonly split: string }[]
}

/** One ranker's judged runs, by collection. */
type Judged = ReadonlyMap<string, JudgedRun>

export async function runRankingBench(options: Readonly<Record<string, unknown>>) {
  const [runs, data, rankers] = [
    required(options, 'runs'),
    required(options, 'data'),
    required(options, 'rankers').split(','),
  ]
  const groups = [
    { name: 'in domain', collections: parseCollections(required(options, 'in-domain')) },
    { name: 'out of domain', collections: parseCollections(required(options, 'out-of-domain')) },
  ]
  const judged: Judged[] = []
  for (const ranker of rankers) judged.push(await judgeAll(join(runs, ranker), data, groups))
  return groups.flatMap(group => rankers.flatMap((ranker, index) => rowsOf(group, ranker, judged[index]!, judged[0]!)))
}

async function judgeAll(folder: string, data: string, groups: readonly Group[]): Promise<Judged> {
  const judged = new Map<string, JudgedRun>()
  for (const { name, split } of groups.flatMap(group => group.collections)) {
    const { judgements } = await readJudgements(beirFiles(join(data, name), split).judgementsPath)
    judged.set(name, judgeRun((await readRun(join(folder, `${name}.trec`))).run, judgements, metrics))
  }
  return judged
}

/** A row for each collection, then one for the mean over them, each collection counting alike. */
function rowsOf(group: Group, ranker: string, judged: Judged, baseline: Judged) {
  const names = group.collections.map(collection => collection.name)
  const row = (collection: string, own: readonly string[]) => {
    const means = meansOf(own, judged)
    const base = meansOf(own, baseline)[comparedMetric]!
    return {
      ranker,
      collection,
      queries: own.reduce((sum, name) => sum + judged.get(name)!.values.size, 0),
      ...Object.fromEntries(metrics.map((metric, at) => [metricName(metric), means[at]!.toFixed(4)])),
      relative: `${(100 * (means[comparedMetric]! / base - 1)).toFixed(1)} %`,
      pValue: judged === baseline ? '' : pValueOf(own, judged, baseline).toPrecision(2),
    }
  }
  return [...names.map(name => row(name, [name])), row(`${group.name}, mean`, names)]
}

function meansOf(collections: readonly string[], judged: Judged): number[] {
  return metrics.map((_, at) => {
    const sum = collections.reduce((total, name) => total + judged.get(name)!.means[at]!, 0)
    return sum / collections.length
  })
}

/** Of the mean over collections: a query's difference counts by its share of that mean. */
function pValueOf(collections: readonly string[], judged: Judged, baseline: Judged): number {
  const differences = collections.flatMap(name => {
    const { values } = judged.get(name)!
    const others = baseline.get(name)!.values
    const differenceOf = (query: string, own: readonly number[]) =>
      metricDifference(own[comparedMetric]!, others.get(query)![comparedMetric]!) / values.size
    return [...values].map(([query, own]) => differenceOf(query, own))
  })
  return randomisationTest(differences, randomisation).pValue
}

function parseCollections(list: string) {
  return list.split(',').map(entry => {
    const [name, split = 'test'] = entry.split(':')
    return { name: name!, split }
  })
}

function required(options: Readonly<Record<string, unknown>>, name: string): string {
  const value = options[name]
  if (typeof value !== 'string' || value === '') throw new Error(`--${name} is missing`)
  return value
}
