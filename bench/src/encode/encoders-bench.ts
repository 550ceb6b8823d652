import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundledModelDirectories, type LocalCluster, startCluster } from '@hypershard/local-cluster'
import { median } from '../statistics.ts'

export const encodersBenchOptions = {
  /** Clusters to compare, by how many encoder services they have; the first is what the others are beside. */
  encoders: { type: 'string', default: '1,2' },
  /** Of each encoder service. */
  threads: { type: 'string', default: '1' },
  documents: { type: 'string', default: '2000' },
  seconds: { type: 'string', default: '15' },
  /** Each cluster is measured so often, taking turns; medians count. */
  rounds: { type: 'string', default: '3' },
} as const

const index = 'encoders'
const timeoutMs = 3_600_000
/** Clients that ask without a pause, for each encoder service. */
const clientsOfEncoder = 4

interface Sizes {
  readonly threads: number
  readonly documents: number
  readonly seconds: number
}

interface Rates {
  readonly documentsPerSecond: number
  readonly queriesPerSecond: number
  readonly failed: number
}

/**
 * How fast a cluster indexes, from the first byte of a write until all of it is searchable, and how many queries with texts
 * of their own it answers a second, by the number of its encoder services.
 */
export async function runEncodersBench(options: Readonly<Record<string, unknown>>) {
  const counts = String(options.encoders).split(',').map(Number)
  const sizes = {
    threads: Number(options.threads),
    documents: Number(options.documents),
    seconds: Number(options.seconds),
  }
  const texts = await sampleTexts()
  const measured = new Map<number, Rates[]>(counts.map(count => [count, []]))
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const count of counts) measured.get(count)!.push(await measureCluster(count, texts, sizes))
  }
  const rates = counts.map(count => {
    const rounds = measured.get(count)!
    return {
      encoders: count,
      threads: sizes.threads,
      documentsPerSecond: median(rounds.map(({ documentsPerSecond }) => documentsPerSecond)),
      queriesPerSecond: median(rounds.map(({ queriesPerSecond }) => queriesPerSecond)),
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    }
  })
  const [first] = rates
  return rates.map(({ failed, ...row }) => ({
    ...row,
    documentsOfFirst: row.documentsPerSecond / first!.documentsPerSecond,
    queriesOfFirst: row.queriesPerSecond / first!.queriesPerSecond,
    failed,
  }))
}

async function sampleTexts(): Promise<string[]> {
  const lines = (await readFile('sample/corpus.jsonl', 'utf8')).split('\n').filter(line => line !== '')
  return lines.map(line => (JSON.parse(line) as { text: string }).text)
}

async function measureCluster(encoders: number, texts: readonly string[], sizes: Sizes): Promise<Rates> {
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-encoders-'))
  const cluster = await startCluster({
    dataDirectory: directory,
    modelDirectories: bundledModelDirectories.slice(0, 1),
    shardServers: 1,
    encoders,
    http: '127.0.0.1:0',
    grpc: '127.0.0.1:0',
    environment: {
      ...process.env,
      HYPERSHARD_ENCODER_THREADS: `${sizes.threads}`,
      // What is chosen at start would differ from round to round.
      HYPERSHARD_ENCODER_KERNEL: 'fp32',
      HYPERSHARD_SHARD_THREADS: '1',
    },
    restart: false,
  })
  try {
    await send(cluster, 'POST', '/v1/indexes', JSON.stringify({ name: index, shards: 1, passages: false }))
    // Compiles and warms what the first documents would wait for.
    await put(cluster, texts.slice(0, 64), 'warm')
    const startMs = performance.now()
    const documents = Array.from({ length: sizes.documents }, (_, at) => `${texts[at % texts.length]} ${at}`)
    await put(cluster, documents, 'd')
    const documentsPerSecond = documents.length / ((performance.now() - startMs) / 1_000)
    return { documentsPerSecond, ...(await askQueries(cluster, encoders, texts, sizes.seconds)) }
  } finally {
    await cluster.stop()
    await rm(directory, { recursive: true })
  }
}

async function put(cluster: LocalCluster, texts: readonly string[], prefix: string): Promise<void> {
  const lines = texts.map((text, at) => `${JSON.stringify({ id: `${prefix}${at}`, text })}\n`).join('')
  await send(cluster, 'PUT', `/v1/indexes/${index}/documents?wait_for=searchable`, lines, 'application/x-ndjson')
}

async function askQueries(
  cluster: LocalCluster,
  encoders: number,
  texts: readonly string[],
  seconds: number,
): Promise<Omit<Rates, 'documentsPerSecond'>> {
  const startMs = performance.now()
  let asked = 0
  let answered = 0
  let failed = 0
  const client = async () => {
    while (performance.now() - startMs < seconds * 1_000) {
      // Another word each time, so that no cache answers.
      const query = `${texts[asked % texts.length]!.split(' ').slice(0, 12).join(' ')} ${asked++}`
      const body = JSON.stringify({ query, k: 10, ids_only: true, plan: 'tangent' })
      await send(cluster, 'POST', `/v1/indexes/${index}/search`, body).then(
        () => answered++,
        () => failed++,
      )
    }
  }
  await Promise.all(Array.from({ length: clientsOfEncoder * encoders }, client))
  return { queriesPerSecond: answered / ((performance.now() - startMs) / 1_000), failed }
}

async function send(cluster: LocalCluster, method: string, path: string, body: string, type = 'application/json') {
  const response = await fetch(`${cluster.httpUrl}${path}`, {
    method,
    headers: { 'content-type': type },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
}
