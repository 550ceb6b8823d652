import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { bundledModelDirectories, type LocalCluster, startCluster } from '@hypershard/local-cluster'
import { readCpu } from '../load/measure/process-cpu.ts'
import { peakMiB } from '../peak-memory.ts'
import { renderTable } from '../render-table.ts'
import { type MadeFiles, makeVectors } from './make-vectors.ts'

export const ownVectorsBenchOptions = {
  rows: { type: 'string', default: '50000' },
  width: { type: 'string', default: '384' },
  shards: { type: 'string', default: '2' },
  queries: { type: 'string', default: '200' },
  recall: { type: 'string', default: '0.99' },
  /** Where files and the cluster's store are made; they take about 6 kB a row of width 384. */
  folder: { type: 'string', default: tmpdir() },
  /** For merging and graphs after all is searchable. */
  'quiet-seconds-max': { type: 'string', default: '7200' },
} as const

const index = 'own'
const command = join(import.meta.dirname, '../../../cli/src/main.ts')

/** Of a core: an indexer that has nothing left to merge takes less. */
const busyShare = 0.12
const quietSecondsWanted = 15

/** What a process has taken. */
interface Taken {
  readonly process: string
  readonly mainSeconds: number
  readonly threadSeconds: number
  readonly peakMiB: number
}

/**
 * Puts vectors of one's own by the command line into a cluster of processes, as one write, and tells how long it is until
 * searches find all of them; then what graphs cost, and which recall they reach.
 */
export async function runOwnVectorsBench(options: Readonly<Record<string, unknown>>) {
  const numbers = { rows: Number(options.rows), width: Number(options.width), queries: Number(options.queries) }
  const folder = await mkdtemp(join(String(options.folder), 'hypershard-own-vectors-'))
  try {
    const files = await makeVectors(folder, numbers)
    const cluster = await startCluster({
      dataDirectory: join(folder, 'data'),
      modelDirectories: bundledModelDirectories,
      shardServers: 1,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: process.env,
      restart: false,
    })
    try {
      return await measure(cluster, files, options)
    } finally {
      await cluster.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(cluster: LocalCluster, files: MadeFiles, options: Readonly<Record<string, unknown>>) {
  const run = (...words: string[]) => runCommand(cluster.httpUrl, words)
  await run('index', 'create', index, '--vectors', String(options.width), '--shards', String(options.shards)).end
  const before = takenBy(cluster)
  const startMs = performance.now()
  const putting = run('documents', 'put', index, files.documents, '--vectors', files.vectors)
  const put = await putting.end
  const searchableSeconds = (performance.now() - startMs) / 1_000
  const loaded = [...takenSince(before, cluster), { process: 'command', ...put.taken! }]
  const beforeGraphs = takenBy(cluster)
  const graphSeconds = await untilQuiet(cluster, Number(options['quiet-seconds-max']))
  const built = takenSince(beforeGraphs, cluster)
  const searched = await run('recall', index, '--query-vectors', files.queries, '--recall', String(options.recall)).end
  const { per_query: _, failures, files: __, ...recall } = JSON.parse(searched.stdout)
  const { accepted, searchable } = JSON.parse(put.stdout)
  const summary = { accepted, searchable, searchableSeconds, rowsPerSecond: accepted / searchableSeconds, graphSeconds }
  const rows = [...loaded.map(row => ({ phase: 'load', ...row })), ...built.map(row => ({ phase: 'graphs', ...row }))]
  const told = `${accepted} rows searchable after ${searchableSeconds.toFixed(1)} s, quiet ${graphSeconds.toFixed(0)} s later`
  const found = `recall ${recall.recall} (${recall.fan_out_ms} ms, exact ${recall.exact_fan_out_ms} ms)`
  return {
    rows,
    summary,
    recall: { ...recall, failures: failures.length },
    text: `${renderTable(rows)}\n${told}\n${found}`,
  }
}

function takenBy(cluster: LocalCluster): Taken[] {
  return cluster.processes.map(({ name, pid }) => {
    const cpu = readCpu(pid)
    return { process: name, mainSeconds: cpu?.main ?? 0, threadSeconds: cpu?.threads ?? 0, peakMiB: peakMiB(pid!) }
  })
}

function takenSince(before: readonly Taken[], cluster: LocalCluster): Taken[] {
  return takenBy(cluster).map((now, at) => ({
    ...now,
    mainSeconds: now.mainSeconds - before[at]!.mainSeconds,
    threadSeconds: now.threadSeconds - before[at]!.threadSeconds,
  }))
}

/** @returns seconds until the indexer and the shard servers did nothing any more */
async function untilQuiet(cluster: LocalCluster, secondsMax: number): Promise<number> {
  const startMs = performance.now()
  const secondsGone = () => (performance.now() - startMs) / 1_000
  let last = takenBy(cluster)
  for (let quiet = 0; quiet < quietSecondsWanted && secondsGone() < secondsMax; ) {
    await wait(1_000)
    const busiest = Math.max(
      ...takenSince(last, cluster).map(({ mainSeconds, threadSeconds }) => mainSeconds + threadSeconds),
    )
    quiet = busiest < busyShare ? quiet + 1 : 0
    last = takenBy(cluster)
  }
  return secondsGone() - quietSecondsWanted
}

/** Runs the command in a process of its own, and reads what that takes while it runs. */
function runCommand(url: string, words: readonly string[]) {
  const child = spawn(process.execPath, [command, '--url', url, '--json', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let taken: Omit<Taken, 'process'> | undefined
  const look = setInterval(() => {
    taken = takenByChild(child) ?? taken
  }, 200)
  let stdout = ''
  child.stdout!.on('data', chunk => {
    stdout += String(chunk)
  })
  const end = new Promise<{ stdout: string; taken: typeof taken }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      clearInterval(look)
      if (code === 0) resolve({ stdout, taken })
      else reject(new Error(`hypershard ${words.join(' ')} ended with ${code}: ${stdout}`))
    })
  })
  return { end }
}

function takenByChild({ pid }: ChildProcess): Omit<Taken, 'process'> | undefined {
  const cpu = readCpu(pid)
  if (cpu === undefined) return undefined
  try {
    return { mainSeconds: cpu.main, threadSeconds: cpu.threads, peakMiB: peakMiB(pid!) }
  } catch {
    // It ended between the two looks.
    return undefined
  }
}
