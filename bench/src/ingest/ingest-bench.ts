import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { bundledModelDirectories, type LocalCluster, startCluster } from '@hypershard/local-cluster'
import { peakMiB } from '../peak-memory.ts'

export const ingestBenchOptions = {
  bytes: { type: 'string', default: '1000000000' },
  /** How long indexing is watched after everything is durable. */
  seconds: { type: 'string', default: '60' },
} as const

const index = 'ingest'
const timeoutMs = 3_600_000
const words =
  'a retrieval cluster whose query is a neural network that reads a vector and gives its score to whoever asks'.split(
    ' ',
  )
const wordsPerDocument = 300

/** Puts one long NDJSON stream and tells how fast it became durable and what memory the processes took at most. */
export async function runIngestBench(options: Readonly<Record<string, unknown>>) {
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-ingest-'))
  const cluster = await startCluster({
    dataDirectory: directory,
    modelDirectories: bundledModelDirectories,
    shardServers: 1,
    http: '127.0.0.1:0',
    grpc: '127.0.0.1:0',
    environment: process.env,
    restart: false,
  })
  try {
    return await measure(cluster, Number(options.bytes), Number(options.seconds))
  } finally {
    await cluster.stop()
    await rm(directory, { recursive: true })
  }
}

async function measure(cluster: LocalCluster, bytes: number, seconds: number) {
  const url = `${cluster.httpUrl}/v1/indexes`
  const headers = { 'content-type': 'application/json' }
  await fetch(url, { method: 'POST', headers, body: JSON.stringify({ name: index, shards: 2 }) })
  const startMs = performance.now()
  const response = await fetch(`${url}/${index}/documents`, {
    method: 'PUT',
    headers: { 'content-type': 'application/x-ndjson' },
    body: ReadableStream.from(documents(bytes)),
    duplex: 'half',
    signal: AbortSignal.timeout(timeoutMs),
  } as RequestInit)
  const { accepted } = (await response.json()) as { accepted: number }
  const durableSeconds = (performance.now() - startMs) / 1_000
  await wait(seconds * 1_000)
  const described = (await (await fetch(`${url}/${index}`)).json()) as { documents: number }
  return cluster.processes.map(({ name, pid }) => ({
    process: name,
    peakMiB: peakMiB(pid!),
    documents: accepted,
    bytes,
    durableMBps: bytes / 1e6 / durableSeconds,
    indexedMeanwhile: described.documents,
  }))
}

/** Lines of about two kilobytes, no two alike. */
function* documents(bytes: number): Generator<Uint8Array> {
  let sent = 0
  for (let at = 0; sent < bytes; at++) {
    const text = Array.from(
      { length: wordsPerDocument },
      (_, word) => words[(at * 7 + word * (1 + (at % 5))) % words.length],
    )
    const line = Buffer.from(`${JSON.stringify({ id: `d${at}`, title: `document ${at}`, text: text.join(' ') })}\n`)
    sent += line.length
    yield line
  }
}
