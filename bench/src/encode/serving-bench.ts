/**
 * The encoder service as a process of its own, asked over gRPC: queries alone, documents alone, both at once, and queries of
 * many clients. Documents come as indexers send them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { freePort } from '@hypershard/harness'
import { EncoderServiceClient, QueryForm } from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { mean, quantile } from '../statistics.ts'
import { encodeBenchOptions, readTexts, type Texts } from './encode-bench.ts'

export const servingBenchOptions = {
  models: encodeBenchOptions.models,
  data: encodeBenchOptions.data,
  rounds: { type: 'string', default: '3' },
  /** Of each phase in each round. */
  seconds: { type: 'string', default: '6' },
  /** The service's `main.ts`, of this checkout or another. */
  service: { type: 'string', default: fileURLToPath(new URL('../../../encoder-service/src/main.ts', import.meta.url)) },
} as const

const queriesASecond = 5
const clientCounts = [1, 8, 16]
/** As `indexer/src/encoding/encode-documents.ts` sends them. */
const documentsACall = 64
const callsInFlight = 3
const timeoutMs = 120_000

export async function runServingBench(options: Readonly<Record<string, unknown>>) {
  const texts = await readTexts(String(options.data))
  const rows = []
  for (const model of String(options.models).split(',')) {
    const service = await startService(String(options.service), model)
    try {
      rows.push({ model: basename(model), ...(await measure(service.client, texts, options)) })
    } finally {
      await service.stop()
    }
  }
  return rows
}

async function measure(client: EncoderServiceClient, texts: Texts, options: Readonly<Record<string, unknown>>) {
  const ms = 1000 * Number(options.seconds)
  const idle: number[] = []
  const beside: number[] = []
  const documents = { alone: [] as number[], beside: [] as number[] }
  const rates = new Map(clientCounts.map(clients => [clients, [] as number[]]))
  await queriesOfClients(client, texts, { clients: 8, ms: 2000 })
  for (let round = 0; round < Number(options.rounds); round++) {
    idle.push(...(await queriesAtARate(client, texts, ms)))
    documents.alone.push(await documentsASecond(client, texts, ms))
    const [rate, times] = await Promise.all([documentsASecond(client, texts, ms), queriesAtARate(client, texts, ms)])
    documents.beside.push(rate)
    beside.push(...times)
    for (const clients of clientCounts) {
      rates.get(clients)!.push(await queriesOfClients(client, texts, { clients, ms: ms / 2 }))
    }
  }
  return {
    idleP50Ms: round(quantile(idle, 0.5)),
    idleP99Ms: round(quantile(idle, 0.99)),
    besideP50Ms: round(quantile(beside, 0.5)),
    besideP99Ms: round(quantile(beside, 0.99)),
    documentsASecond: round(mean(documents.alone)),
    besideDocumentsASecond: round(mean(documents.beside)),
    ...Object.fromEntries([...rates].map(([clients, all]) => [`qps${clients}`, round(mean(all))])),
  }
}

/** Open loop; each query's milliseconds. */
async function queriesAtARate(client: EncoderServiceClient, texts: Texts, ms: number): Promise<number[]> {
  const count = Math.ceil((ms / 1000) * queriesASecond)
  const calls: Promise<number>[] = []
  for (let number = 0; number < count; number++) {
    calls.push(encodeQuery(client, texts, number))
    await sleep(1000 / queriesASecond)
  }
  return Promise.all(calls)
}

/** Closed loop; queries a second. */
async function queriesOfClients(
  client: EncoderServiceClient,
  texts: Texts,
  { clients, ms }: { clients: number; ms: number },
): Promise<number> {
  const endMs = performance.now() + ms
  let done = 0
  const loop = async (first: number) => {
    for (let number = first; performance.now() < endMs; number += clients) {
      await encodeQuery(client, texts, number)
      done++
    }
  }
  const startMs = performance.now()
  await Promise.all(Array.from({ length: clients }, (_, number) => loop(number)))
  return (1000 * done) / (performance.now() - startMs)
}

/** Closed loop of as many calls as an indexer has in flight. */
async function documentsASecond(client: EncoderServiceClient, { documents }: Texts, ms: number): Promise<number> {
  const startMs = performance.now()
  let done = 0
  // A stride that shares no factor with most lengths mixes long texts with short ones.
  let next = 0
  const take = () => documents[(next++ * 7919) % documents.length]!
  const loop = async () => {
    while (performance.now() < startMs + ms) {
      const batch = Array.from({ length: documentsACall }, () => ({ title: '', text: take() }))
      const request = { modelDigest: '', documents: batch }
      await callUnary(client.encodeDocuments.bind(client), request, Deadline.after(timeoutMs), 'encoder')
      done += documentsACall
    }
  }
  await Promise.all(Array.from({ length: callsInFlight }, loop))
  return (1000 * done) / (performance.now() - startMs)
}

async function encodeQuery(client: EncoderServiceClient, { queries }: Texts, number: number): Promise<number> {
  const startMs = performance.now()
  const request = {
    modelDigest: '',
    text: queries[number % queries.length]!,
    form: QueryForm.QUERY_FORM_WEIGHTS,
    precision: WeightsPrecision.WEIGHTS_PRECISION_F32,
  }
  await callUnary(client.encodeQuery.bind(client), request, Deadline.after(timeoutMs), 'encoder')
  return performance.now() - startMs
}

async function startService(file: string, model: string) {
  const address = `127.0.0.1:${await freePort()}`
  const env = { ...process.env, HYPERSHARD_ENCODER_LISTEN: address, HYPERSHARD_MODELS: model }
  const child = spawn(process.execPath, [file], { env, stdio: 'ignore' })
  const client = connectClient(EncoderServiceClient, address)
  await new Promise<void>((resolve, reject) => {
    child.once('exit', code => reject(new Error(`${file} ended with code ${code}`)))
    client.waitForReady(Date.now() + timeoutMs, error => (error ? reject(error) : resolve()))
  })
  return {
    client,
    stop: async () => {
      client.close()
      child.removeAllListeners('exit')
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
