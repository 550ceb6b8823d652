import { searches } from '../contenders.ts'
import type { LoadRun } from '../load-run.ts'
import { mainIndex } from '../measured-index.ts'

/** Of the rate that a closed loop comes to. */
const shares = [0.5, 0.8]
const clientsOfFullRate = 16
const roundsLonger = 2.5

/** Searches that arrive evenly, whatever the answers take: how long they wait at half and at most of the full rate. */
export async function measureOpenLoop(run: LoadRun): Promise<void> {
  const qnet = await mainIndex(run, 'qnet')
  for (const queries of ['new', 'repeated'] as const) {
    const contender = searches(run, qnet, { plan: 'defaults', queries })
    const full = { kind: 'closed', clients: clientsOfFullRate } as const
    const [closed] = await run.compare('open', [contender], full, { rounds: 1 })
    for (const share of shares) {
      const loop = { kind: 'open', perSecond: Math.max(1, closed!.qps * share) } as const
      await run.compare('open', [contender], loop, { rounds: 1, seconds: run.settings.seconds * roundsLonger })
    }
  }
}
