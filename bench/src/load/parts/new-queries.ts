import { atLeast, atMost, countOfClients } from '../bars.ts'
import { encoderAlone, searches } from '../contenders.ts'
import type { LoadRun } from '../load-run.ts'
import { p50Difference, qpsRatio } from '../measure/compare-rounds.ts'
import { cpuMsOfAll } from '../measure/measurement.ts'
import { mainIndex } from '../measured-index.ts'

/** Of what the encoder service alone does at as many clients. */
const encoderShareMin = 0.8
const clientsOfEncoderShare = 16
const overEncoderMsMax = 4
/** Of the dense model's rate. */
const denseShareMin = 0.6

/** Queries that nobody asked before: the q-net model, the dense model and the encoder alone take turns. */
export async function measureNewQueries(run: LoadRun): Promise<void> {
  const qnet = await mainIndex(run, 'qnet')
  const dense = await mainIndex(run, 'dense')
  const contenders = [
    encoderAlone(run, qnet.digest, 'weights'),
    searches(run, qnet, { plan: 'defaults', queries: 'new' }),
    searches(run, dense, { plan: 'defaults', queries: 'new' }),
    encoderAlone(run, qnet.digest, 'token_states'),
  ]
  for (const clients of run.settings.clients) {
    const [encoder, ours, theirs, states] = await run.compare('new', contenders, { kind: 'closed', clients })
    const asked = `new queries, defaults, ${qnet.documents} documents, ${countOfClients(clients)}`
    for (const row of [encoder!, ours!, theirs!]) {
      run.figure(`${asked}: CPU a request of ${row.target}, ms`, cpuMsOfAll(row))
    }
    // Taking q-nets of 593 KB costs the client more than token states do, and the cluster may move either.
    run.figure(`${asked}: QPS / encoder alone, token states`, qpsRatio(ours!, states!))
    if (clients === clientsOfEncoderShare) {
      run.bar(atLeast(`${asked}: QPS / encoder alone`, qpsRatio(ours!, encoder!), encoderShareMin))
    }
    if (clients === 1) {
      run.bar(atMost(`${asked}: p50 beyond the encoder's, ms`, p50Difference(ours!, encoder!), overEncoderMsMax))
    }
    run.bar(atLeast(`${asked}: QPS of ${qnet.model} / ${dense.model}`, qpsRatio(ours!, theirs!), denseShareMin))
  }
}
