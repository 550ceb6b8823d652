import { searches } from '../contenders.ts'
import type { LoadRun } from '../load-run.ts'
import { mainIndexes } from './main-indexes.ts'

/** Forty queries over and over, so that their q-nets are known: what is measured is all but encoding. */
export async function measureRepeatedQueries(run: LoadRun): Promise<void> {
  const { qnet, dense } = await mainIndexes(run)
  const contenders = [
    searches(run, qnet, { plan: 'defaults', queries: 'repeated' }),
    searches(run, qnet, { plan: 'defaults', queries: 'repeated', texts: false }),
    searches(run, qnet, { plan: 'recall 0.99', queries: 'repeated' }),
    searches(run, qnet, { plan: 'tangent', queries: 'repeated' }),
    searches(run, dense, { plan: 'defaults', queries: 'repeated' }),
  ]
  for (const clients of run.settings.clients) await run.compare('repeated', contenders, { kind: 'closed', clients })
}
