import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { atLeast, atMost, countOfClients } from '../bars.ts'
import { searches } from '../contenders.ts'
import type { Contender, LoadRun } from '../load-run.ts'
import { p50Ratio, qpsRatio } from '../measure/compare-rounds.ts'
import { cpuMsOfAll, type Measurement } from '../measure/measurement.ts'
import { mainIndex } from '../measured-index.ts'
import type { EmbeddedDocument } from '../peers/chroma-peer.ts'
import { embeddedDocuments } from '../peers/embedded-documents.ts'
import { nameOfService, type SearchLibrary, searchLibraries, startTextService } from '../peers/text-service.ts'

const clientsAsked = [1, 8]
/** Of the dense model, of each service's rate. */
const denseQpsMin = 1
/** Of the q-net model, of the best service's rate. */
const qnetQpsMin = 1 / 1.5

/**
 * What a user would write instead: services that take a text over HTTP, encode it by the same dense model and answer with
 * titles and texts. Queries that nobody asked before; each service as wide as finds .99 of its own exact answers, as our
 * default does. One service runs at a time, in turns with ours by the dense model and by the q-net.
 */
export async function measureServices(
  run: LoadRun,
  start: typeof startTextService = startTextService,
  documentsOf: typeof embeddedDocuments = embeddedDocuments,
): Promise<void> {
  const [dense, qnet] = [await mainIndex(run, 'dense'), await mainIndex(run, 'qnet')]
  const documents = await documentsOf(run, dense)
  const ours = [dense, qnet].map(index => searches(run, index, { plan: 'defaults', queries: 'new' }))
  await run.untilQuiet()
  const qnetRatios = new Map<number, number[]>()
  for (const library of searchLibraries) {
    const measured = await run.orSkipped(nameOfService(library), () =>
      against(run, library, { documents, ours, start }),
    )
    for (const [clients, ratio] of measured ?? []) qnetRatios.set(clients, [...(qnetRatios.get(clients) ?? []), ratio])
  }
  for (const [clients, ratios] of qnetRatios) {
    const asked = `new queries, with texts, ${qnet.documents} documents, ${countOfClients(clients)}`
    run.bar(atLeast(`${asked}: QPS of ${qnet.model} / the best service`, Math.min(...ratios), qnetQpsMin))
  }
}

/** @returns by the number of clients: the q-net's rate of the service's */
async function against(
  run: LoadRun,
  library: SearchLibrary,
  {
    documents,
    ours,
    start,
  }: { documents: readonly EmbeddedDocument[]; ours: readonly Contender[]; start: typeof startTextService },
): Promise<Map<number, number>> {
  const modelDirectory = await denseDirectory(run)
  const service = await start(library, { modelDirectory, documents, queries: run.repeated })
  try {
    const target = nameOfService(library)
    run.figure(`${target}: recall at its width of ${service.width}`, service.recall)
    const theirs: Contender = {
      asked: { target, documents: documents.length, plan: 'its HNSW', queries: 'new', texts: true },
      to: service.to,
      processes: service.processes,
      bodies: query => JSON.stringify({ query }),
    }
    const ratios = new Map<number, number>()
    await run.warmUp([...ours, theirs], { kind: 'closed', clients: clientsAsked.at(-1)! })
    for (const clients of clientsAsked) {
      const [dense, qnet, other] = await run.compare('services', [...ours, theirs], { kind: 'closed', clients })
      judge(run, { dense: dense!, other: other! })
      ratios.set(clients, qpsRatio(qnet!, other!))
    }
    return ratios
  } finally {
    await service.stop()
  }
}

function judge(run: LoadRun, { dense, other }: { dense: Measurement; other: Measurement }): void {
  const asked = `new queries, with texts, ${dense.documents} documents, ${countOfClients(dense.clients!)}`
  const beside = `${dense.target} / ${other.target}`
  run.figure(`${asked}: CPU a request, ${beside}`, cpuMsOfAll(dense) / cpuMsOfAll(other))
  run.figure(`${asked}: p99, ${beside}`, (dense.p99Ms ?? Number.NaN) / (other.p99Ms ?? Number.NaN))
  run.bar(atLeast(`${asked}: QPS, ${beside}`, qpsRatio(dense, other), denseQpsMin))
  if (dense.clients === 1) run.bar(atMost(`${asked}: p50, ${beside}`, p50Ratio(dense, other), 1))
}

/** The one of the given directories that has the dense model. */
async function denseDirectory(run: LoadRun): Promise<string> {
  const { dense } = await run.models()
  for (const folder of run.settings.modelDirectories) {
    const { name } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as { name: string }
    if (name === dense.name) return resolve(folder)
  }
  throw new Error(`--models: no directory has ${dense.name}`)
}
