import { atLeast, atMost, countOfClients } from '../bars.ts'
import { searches } from '../contenders.ts'
import type { Contender, LoadRun } from '../load-run.ts'
import { p50Ratio, qpsRatio } from '../measure/compare-rounds.ts'
import { cpuMsOfAll, type Measurement } from '../measure/measurement.ts'
import { type MeasuredIndex, mainIndex } from '../measured-index.ts'
import { chromaBody, startChromaPeer } from '../peers/chroma-peer.ts'
import { type Peer, startEchoPeer } from '../peers/echo-peer.ts'
import { embeddedDocuments } from '../peers/embedded-documents.ts'
import { chromaVersion } from '../peers/install-chroma.ts'
import { encodeDenseQueries } from '../peers/stored-vectors.ts'

const clientsWithBars = [1, 8, 32]
const chromaQpsMin = 1.5
const chromaP50Max = 1
const echoQpsMin = 0.4

/**
 * Forty queries over and over, so that their q-nets are known: what is measured is all but encoding. Once each search is
 * carried out, and once as users ask, with the answers that the coordinator has kept. Beside them, in turns, a Chroma server with the same documents and vectors, and a bare route that makes one call and answers with as many bytes.
 */
export async function measureRepeatedQueries(run: LoadRun): Promise<void> {
  const index = await mainIndex(run, 'qnet')
  const ours = searches(run, index, { plan: 'defaults', queries: 'repeated' })
  const kept = searches(run, index, { plan: 'defaults', queries: 'repeated, kept' })
  const echo = await startEchoPeer(await answerTo(ours))
  const chroma = await run.orSkipped(`Chroma ${chromaVersion}`, () => startChroma(run, index))
  try {
    const contenders = [ours, kept, echoContender(run, echo), ...(chroma === undefined ? [] : [chroma.contender])]
    for (const clients of run.settings.clients) {
      const [hypershard, remembered, bare, other] = await run.compare('repeated', contenders, {
        kind: 'closed',
        clients,
      })
      if (!clientsWithBars.includes(clients)) continue
      judge(run, clients, { hypershard: hypershard!, bare: bare!, other })
      judge(run, clients, { hypershard: remembered!, bare: bare!, other })
    }
  } finally {
    await echo.stop()
    await chroma?.peer.stop()
  }
}

function judge(
  run: LoadRun,
  clients: number,
  rows: { hypershard: Measurement; bare: Measurement; other: Measurement | undefined },
): void {
  const { hypershard, bare, other } = rows
  const how = hypershard.queries === 'repeated' ? 'each carried out' : 'answers kept'
  const asked = `repeated queries, ${how}, with texts, ${hypershard.documents} documents, ${countOfClients(clients)}`
  for (const row of [hypershard, bare, other]) {
    if (row !== undefined) run.figure(`${asked}: CPU a request of ${row.target}, ms`, cpuMsOfAll(row))
  }
  if (other !== undefined) {
    run.bar(atLeast(`${asked}: QPS / Chroma`, qpsRatio(hypershard, other), chromaQpsMin))
    if (clients === 1) run.bar(atMost(`${asked}: p50 / Chroma`, p50Ratio(hypershard, other), chromaP50Max))
  }
  run.bar(atLeast(`${asked}: QPS / bare route with one gRPC echo`, qpsRatio(hypershard, bare), echoQpsMin))
}

async function answerTo({ to, bodies }: Contender): Promise<string> {
  if (to.kind !== 'http' || typeof bodies === 'function') throw new Error('only of repeated searches')
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${to.origin}${to.path}`, { method: 'POST', headers, body: bodies[0]! })
  return await answer.text()
}

function echoContender(run: LoadRun, echo: Peer): Contender {
  return {
    asked: { target: 'bare route with one gRPC echo', documents: null, plan: null, queries: 'repeated', texts: true },
    to: echo.to,
    processes: echo.processes,
    bodies: run.repeated.map(query => JSON.stringify({ query })),
  }
}

async function startChroma(run: LoadRun, index: MeasuredIndex): Promise<{ peer: Peer; contender: Contender }> {
  const documents = await embeddedDocuments(run, index)
  const { dense } = await run.models()
  const queries = await encodeDenseQueries(run.addressOf('encoder'), dense.digest, run.repeated)
  const peer = await startChromaPeer(documents)
  await run.untilQuiet(peer.processes)
  const target = `Chroma ${chromaVersion}, vectors given`
  const contender = {
    asked: { target, documents: index.documents, plan: 'its HNSW', queries: 'repeated', texts: true } as const,
    to: peer.to,
    processes: peer.processes,
    bodies: queries.map(chromaBody),
  }
  return { peer, contender }
}
