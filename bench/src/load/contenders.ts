import type { Contender, LoadRun } from './load-run.ts'
import type { AskedQueries } from './measure/measurement.ts'
import type { MeasuredIndex } from './measured-index.ts'
import { type PlanName, searchBody } from './workload/search-body.ts'

/** Searches of an index through a coordinator's HTTP API: the run's own cluster's, or another's. */
export function searches(
  run: Pick<LoadRun, 'httpUrl' | 'processes' | 'repeated'>,
  index: MeasuredIndex,
  { plan, queries, texts = true }: { plan: PlanName; queries: AskedQueries; texts?: boolean },
): Contender {
  const body = (query: string) => searchBody(query, plan, { texts, kept: queries !== 'repeated' })
  return {
    asked: { target: index.model, documents: index.documents, plan, queries, texts },
    to: { kind: 'http', origin: run.httpUrl, path: `/v1/indexes/${index.name}/search` },
    processes: run.processes,
    bodies: queries === 'new' ? body : run.repeated.map(body),
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
