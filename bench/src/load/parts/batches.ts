import { countOfClients } from '../bars.ts'
import type { Contender, LoadRun } from '../load-run.ts'
import { qpsRatio } from '../measure/compare-rounds.ts'
import { cpuMsOfAll } from '../measure/measurement.ts'
import { type MeasuredIndex, mainIndex } from '../measured-index.ts'
import { searchBody } from '../workload/search-body.ts'

const searchesOfBatch = 16

/**
 * New queries in batches, which encode all theirs by one call, beside as many requests at a time, which share the encoder's
 * batches only where they meet there, and beside one after the other.
 */
export async function measureBatches(run: LoadRun): Promise<void> {
  for (const kind of ['qnet', 'dense'] as const) {
    const index = await mainIndex(run, kind)
    await run.untilQuiet()
    const batches = contender(run, index, {
      target: `${index.model}, batches of ${searchesOfBatch}`,
      path: 'search/batch',
    })
    const alone = contender(run, index, { target: `${index.model}, one by one`, path: 'search' })
    const [batched] = await run.compare('batch', [batches], { kind: 'closed', clients: 1 })
    for (const clients of [1, searchesOfBatch]) {
      const [single] = await run.compare('batch', [alone], { kind: 'closed', clients })
      const asked = `new queries, ${index.model}, ${index.documents} documents, batches of ${searchesOfBatch} / ${countOfClients(clients)}`
      run.figure(`${asked}: queries a second`, searchesOfBatch * qpsRatio(batched!, single!))
      run.figure(`${asked}: CPU a query`, cpuMsOfAll(batched!) / searchesOfBatch / cpuMsOfAll(single!))
    }
  }
}

/** Of each query that the run gives, as many as a batch has are made, or one: all are of the same length. */
function contender(
  run: Pick<LoadRun, 'httpUrl' | 'processes'>,
  { name, documents }: MeasuredIndex,
  { target, path }: { readonly target: string; readonly path: 'search' | 'search/batch' },
): Contender {
  const asObject = (query: string, at: number) =>
    JSON.parse(searchBody(`${query} ${at}`, 'defaults', { texts: true, kept: true }))
  const batchOf = (query: string) => ({
    searches: Array.from({ length: searchesOfBatch }, (_, at) => asObject(query, at + 1)),
  })
  return {
    asked: { target, documents, plan: 'defaults', queries: 'new', texts: true },
    to: { kind: 'http', origin: run.httpUrl, path: `/v1/indexes/${name}/${path}` },
    processes: run.processes,
    bodies: query => JSON.stringify(path === 'search' ? asObject(query, 1) : batchOf(query)),
  }
}
