import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startS3Server } from '@hypershard/harness/servers'
import { startCluster } from '@hypershard/local-cluster'
import { atMost } from '../bars.ts'
import { Api } from '../cluster/api.ts'
import { putDocuments } from '../cluster/bench-indexes.ts'
import { startCountingProxy } from '../cluster/counting-proxy.ts'
import { waitUntilQuiet } from '../cluster/wait-until-quiet.ts'
import type { LoadRun } from '../load-run.ts'
import { cpuBetween, readCpu } from '../measure/process-cpu.ts'
import type { WatchedProcess } from '../measure/take-sample.ts'

const indexesWanted = 10
const documentsEach = 20
/** Percent of a core. */
const cpuPercentMax = 1
const storeRequestsPerSecondMax = 1

/** A cluster that nobody asks anything, with ten indexes: what it takes of the processor, and of an object store. */
export async function measureIdle(run: LoadRun): Promise<void> {
  const { qnet } = await run.models()
  for (let at = await run.indexes.count(); at < indexesWanted; at++) {
    const name = `load-idle-${at}`
    await run.indexes.create(name, qnet.name)
    await putDocuments(run.api, name, run.documents.slice(0, documentsEach))
  }
  await run.untilQuiet()
  const shares = await cpuPercents(run.processes, run.settings.idleSeconds / 2)
  for (const [name, percent] of shares)
    run.figure(`idle, ${indexesWanted} indexes: CPU of ${name}, % of a core`, percent)
  const most = Math.max(...shares.map(([, percent]) => percent))
  run.bar(atMost(`idle, ${indexesWanted} indexes: most CPU of a process, % of a core`, most, cpuPercentMax))
  await measureStoreRequests(run)
}

async function cpuPercents(processes: readonly WatchedProcess[], seconds: number): Promise<[string, number][]> {
  const before = processes.map(({ pid }) => readCpu(pid))
  const startMs = performance.now()
  await wait(seconds * 1_000)
  const waited = (performance.now() - startMs) / 1_000
  return processes.map(({ name, pid }, at) => {
    const taken = cpuBetween(before[at], readCpu(pid))
    return [name, taken === undefined ? Number.NaN : ((taken.main + taken.threads) / waited) * 100]
  })
}

/** Of a second cluster, whose store is a bucket: each request to one is paid for. */
async function measureStoreRequests(run: LoadRun): Promise<void> {
  const s3 = await startS3Server()
  if (s3 === undefined)
    return run.skip('store requests of an idle cluster', "moto is not installed: pip install 'moto[server]'")
  const proxy = await startCountingProxy(s3.endpoint)
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-idle-'))
  try {
    const { location } = await s3.openBucket('idle')
    const cluster = await startCluster({
      dataDirectory: directory,
      store: location.replace(encodeURIComponent(s3.endpoint), encodeURIComponent(proxy.url)),
      modelDirectories: run.settings.modelDirectories.map(folder => resolve(folder)),
      shardServers: run.settings.shardServers,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: process.env,
      restart: false,
    })
    try {
      const api = new Api(cluster.httpUrl)
      for (let at = 0; at < indexesWanted; at++) {
        await api.send('POST', '/v1/indexes', { name: `idle-${at}`, shards: run.settings.shards })
        await putDocuments(api, `idle-${at}`, run.documents.slice(0, documentsEach))
      }
      await waitUntilQuiet(cluster.processes)
      await countRequests(run, proxy.counts)
    } finally {
      await cluster.stop()
    }
  } finally {
    await proxy.stop()
    await s3.stop()
    await rm(directory, { recursive: true })
  }
}

async function countRequests(run: LoadRun, counts: () => Record<string, number>): Promise<void> {
  const before = counts()
  await wait(run.settings.idleSeconds * 1_000)
  const after = counts()
  let all = 0
  for (const [method, count] of Object.entries(after)) {
    const perSecond = (count - (before[method] ?? 0)) / run.settings.idleSeconds
    run.figure(`idle, ${indexesWanted} indexes: ${method} requests to the store a second`, perSecond)
    all += perSecond
  }
  run.bar(atMost(`idle, ${indexesWanted} indexes: store requests a second`, all, storeRequestsPerSecondMax))
}
