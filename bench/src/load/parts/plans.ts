import { searches } from '../contenders.ts'
import type { LoadRun } from '../load-run.ts'
import { mainIndex } from '../measured-index.ts'

const clientsMeasured = [1, 8, 32]

/** Every plan with new and with repeated queries, with texts and without: one round each, for the overview. */
export async function measurePlans(run: LoadRun): Promise<void> {
  const qnet = await mainIndex(run, 'qnet')
  const dense = await mainIndex(run, 'dense')
  const contenders = [
    searches(run, qnet, { plan: 'recall 0.99', queries: 'new' }),
    searches(run, qnet, { plan: 'tangent', queries: 'new' }),
    searches(run, qnet, { plan: 'exact', queries: 'new' }),
    searches(run, qnet, { plan: 'defaults', queries: 'repeated', texts: false }),
    searches(run, qnet, { plan: 'recall 0.99', queries: 'repeated' }),
    searches(run, qnet, { plan: 'tangent', queries: 'repeated' }),
    searches(run, qnet, { plan: 'tangent', queries: 'repeated', texts: false }),
    searches(run, qnet, { plan: 'exact', queries: 'repeated' }),
    searches(run, dense, { plan: 'defaults', queries: 'repeated' }),
  ]
  for (const clients of run.settings.clients.filter(count => clientsMeasured.includes(count))) {
    await run.compare('plans', contenders, { kind: 'closed', clients }, { rounds: 1 })
  }
}
