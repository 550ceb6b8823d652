import type { Contender, LoadRun } from './load-run.ts'
import { type PlanName, searchBody } from './workload/search-body.ts'

const repeatedQueries = 40

/** Searches of an index through the coordinator's HTTP API. */
export function searches(
  run: LoadRun,
  index: { readonly name: string; readonly model: string; readonly documents: number },
  { plan, queries, texts = true }: { plan: PlanName; queries: 'new' | 'repeated'; texts?: boolean },
): Contender {
  const body = (query: string) => searchBody(query, plan, { texts })
  return {
    asked: { target: index.model, documents: index.documents, plan, queries, texts },
    to: { kind: 'http', origin: run.cluster.httpUrl, path: `/v1/indexes/${index.name}/search` },
    processes: run.processes,
    bodies: queries === 'new' ? body : run.queries.peek(repeatedQueries).map(body),
  }
}

/** The encoder service alone, asked for what a coordinator asks it for. */
export function encoderAlone(run: LoadRun, modelDigest: string, form: 'weights' | 'token_states'): Contender {
  const target = `encoder alone, ${form === 'weights' ? 'q-nets' : 'token states'}`
  return {
    asked: { target, documents: null, plan: null, queries: 'new', texts: false },
    to: { kind: 'encoder', address: run.addressOf('encoder'), modelDigest, form },
    processes: run.processes.filter(({ name }) => name === 'encoder'),
    bodies: query => query,
  }
}
