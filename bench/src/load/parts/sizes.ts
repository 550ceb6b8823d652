import { atLeast } from '../bars.ts'
import type { LoadRun } from '../load-run.ts'
import { type MeasuredIndex, measuredIndex } from '../measured-index.ts'
import { askBoth } from '../workload/ask-both.ts'

const queriesAsked = 300
const recallAsked = 0.99
/** Of the time that encoding takes: merging, a graph and its calibration, and the queries. */
const allOfEncoding = 1.3
/** Where both plans do the same, chance makes either a little faster. */
const speedMin = 0.97

/** `recall: 0.99` beside `exact` at every size: which is faster, and what it finds. */
export async function measureSizes(run: LoadRun): Promise<void> {
  const { qnet } = await run.models()
  for (const documents of run.settings.documents) {
    const isThere = await run.indexes.has(qnet.name, documents)
    if (isThere || fitsTime(run, documents)) await compareWithExact(run, await measuredIndex(run, qnet, documents))
  }
}

async function compareWithExact(run: LoadRun, index: MeasuredIndex): Promise<void> {
  const path = `/v1/indexes/${index.name}/search`
  const both = await askBoth(run.api, path, run.queries.take(queriesAsked), recallAsked)
  const asked = `recall ${recallAsked}, ${index.documents} documents, one client`
  run.figure(`${asked}: p50 of known queries, ms`, both.recallMs)
  run.figure(`exact, ${index.documents} documents, one client: p50 of known queries, ms`, both.exactMs)
  run.bar(atLeast(`${asked}: time of exact / its time`, both.timesAsFast, speedMin))
  run.bar(atLeast(`${asked}: recall@10`, both.recall, recallAsked))
}

/** A size that is not there yet is left out when indexing it would take more than the time that is left. */
function fitsTime(run: LoadRun, documents: number): boolean {
  const seconds = run.indexes.secondsToIndex(documents) * allOfEncoding
  if (seconds <= run.secondsLeft()) return true
  const why = `indexing them takes about ${Math.round(seconds)} s, ${Math.round(run.secondsLeft())} s are left of --minutes`
  run.skip(`${documents} documents`, `${why}; give more, or name sizes with --documents`)
  return false
}
