import { median } from '../../statistics.ts'
import { atLeast, atMost } from '../bars.ts'
import { encoderAlone, searches } from '../contenders.ts'
import type { LoadRun } from '../load-run.ts'
import type { Measurement } from '../measure/measurement.ts'
import { mainIndexes } from './main-indexes.ts'

/** Of what the encoder service alone does at as many clients. */
const encoderShareMin = 0.8
const clientsOfEncoderShare = 16
const overEncoderMsMax = 4
/** Of the dense model's rate. */
const denseShareMin = 0.6

/** Queries that nobody asked before: the q-net model, the dense model and the encoder alone take turns. */
export async function measureNewQueries(run: LoadRun): Promise<void> {
  const { qnet, dense } = await mainIndexes(run)
  const contenders = [
    encoderAlone(run, qnet.digest, 'weights'),
    searches(run, qnet, { plan: 'defaults', queries: 'new' }),
    searches(run, dense, { plan: 'defaults', queries: 'new' }),
    encoderAlone(run, qnet.digest, 'token_states'),
  ]
  for (const clients of run.settings.clients) {
    const [encoder, ours, theirs] = await run.compare('new', contenders, { kind: 'closed', clients })
    const asked = `new queries, defaults, ${qnet.documents} documents, ${clients} clients`
    run.bars.push(
      ...(clients === clientsOfEncoderShare
        ? [atLeast(`${asked}: QPS / encoder alone`, qpsRatio(ours!, encoder!), encoderShareMin)]
        : []),
      ...(clients === 1
        ? [atMost(`${asked}: p50 - encoder alone, ms`, p50Over(ours!, encoder!), overEncoderMsMax)]
        : []),
      atLeast(`${asked}: QPS of ${qnet.model} / ${dense.model}`, qpsRatio(ours!, theirs!), denseShareMin),
    )
  }
}

/** Of rounds in which both took turns. */
function qpsRatio(ours: Measurement, theirs: Measurement): number {
  return median(ours.qpsOfRounds.map((qps, round) => qps / theirs.qpsOfRounds[round]!))
}

function p50Over(ours: Measurement, theirs: Measurement): number {
  return median(ours.p50MsOfRounds.map((ms, round) => (ms ?? Number.NaN) - (theirs.p50MsOfRounds[round] ?? Number.NaN)))
}
