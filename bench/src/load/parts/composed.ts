import { atLeast, atMost, countOfClients } from '../bars.ts'
import type { Contender, LoadRun } from '../load-run.ts'
import { p50Ratio, qpsRatio } from '../measure/compare-rounds.ts'
import { cpuMsOfAll } from '../measure/measurement.ts'
import { type MeasuredIndex, mainIndex } from '../measured-index.ts'
import { askBoth } from '../workload/ask-both.ts'
import { hitsWanted, plans } from '../workload/search-body.ts'

const piecesOfQuery = 3
const queriesRepeated = 40
const clientsMeasured = [1, 8]
/** Of the time of three searches. */
const timeShareMax = 0.7
const recallAsked = 0.99

/**
 * One of three texts, asked for in one composed search and in three searches of one batch, which whoever asks would have to
 * merge. Repeated, so that what is measured is all but encoding, and new, where both encode three texts.
 */
export async function measureComposed(run: LoadRun): Promise<void> {
  for (const kind of ['qnet', 'dense'] as const) {
    const index = await mainIndex(run, kind)
    const triples = Array.from({ length: queriesRepeated }, () => run.queries.take(piecesOfQuery))
    for (const clients of run.settings.clients.filter(count => clientsMeasured.includes(count))) {
      await compareWithThree(run, { index, triples, clients })
    }
    const path = `/v1/indexes/${index.name}/search`
    const expressions = triples.map(any => ({ any }))
    const { recall } = await askBoth(run.api, path, expressions, recallAsked)
    const asked = `composed queries, ${index.model}, ${index.documents} documents, recall ${recallAsked}`
    run.bar(atLeast(`${asked}: recall@10`, recall, recallAsked))
  }
}

interface Compared {
  readonly index: MeasuredIndex
  readonly triples: readonly (readonly string[])[]
  readonly clients: number
}

async function compareWithThree(run: LoadRun, { index, triples, clients }: Compared): Promise<void> {
  const contenders = [
    composed(run, index, { bodies: triples.map(pieces => oneBody(pieces, false)), queries: 'repeated' }),
    threeSearches(run, index, { bodies: triples.map(pieces => batchBody(pieces, false)), queries: 'repeated' }),
    composed(run, index, { bodies: newPieces(oneBody), queries: 'new' }),
    threeSearches(run, index, { bodies: newPieces(batchBody), queries: 'new' }),
  ]
  const rows = await run.compare('composed', contenders, { kind: 'closed', clients })
  for (const [one, three] of [rows.slice(0, 2), rows.slice(2)]) {
    const asked = `${one!.queries} queries of three pieces, ${index.model}, ${index.documents} documents, ${countOfClients(clients)}`
    run.figure(`${asked}: QPS, composed / three searches`, qpsRatio(one!, three!))
    run.figure(`${asked}: CPU a request, composed / three searches`, cpuMsOfAll(one!) / cpuMsOfAll(three!))
    const ratio = p50Ratio(one!, three!)
    if (one!.queries === 'new') run.figure(`${asked}: p50, composed / three searches`, ratio)
    else run.bar(atMost(`${asked}: p50, composed / three searches`, ratio, timeShareMax))
  }
}

type Loaded = Pick<Contender, 'bodies'> & Pick<Contender['asked'], 'queries'>

function composed(run: LoadRun, index: MeasuredIndex, loaded: Loaded): Contender {
  return contender(run, index, { ...loaded, target: `${index.model}, composed`, path: 'search' })
}

function threeSearches(run: LoadRun, index: MeasuredIndex, loaded: Loaded): Contender {
  return contender(run, index, { ...loaded, target: `${index.model}, three searches`, path: 'search/batch' })
}

function contender(
  run: LoadRun,
  { name, documents }: MeasuredIndex,
  { target, path, bodies, queries }: Loaded & { readonly target: string; readonly path: string },
): Contender {
  return {
    asked: { target, documents, plan: 'defaults', queries, texts: true },
    to: { kind: 'http', origin: run.httpUrl, path: `/v1/indexes/${name}/${path}` },
    processes: run.processes,
    bodies,
  }
}

/** Each query that the run gives, and two made of it, which are as new. */
function newPieces(bodyOf: (pieces: readonly string[]) => string): (query: string) => string {
  return query => bodyOf([query, ...['by day', 'by night'].map(when => `${query} ${when}`)])
}

function oneBody(any: readonly string[], kept = true): string {
  return JSON.stringify({ query: { any }, ...options(kept) })
}

function batchBody(pieces: readonly string[], kept = true): string {
  return JSON.stringify({ searches: pieces.map(query => ({ query, ...options(kept) })) })
}

function options(kept: boolean) {
  return { k: hitsWanted, ...plans.defaults, ...(kept ? {} : { cache: false }) }
}
