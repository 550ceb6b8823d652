import { documentsCovered } from './count-coverage.ts'
import { after, type FanOut } from './fan-out-flow.ts'
import type { ShardRace } from './shard-race.ts'

/** Sets how long what is open may still take, once enough is answered. To be called after every answer or failure. */
export function waitForStragglers(flow: FanOut): void {
  const { eligible, filter, minCoverage } = flow.request
  if (minCoverage >= 1) return
  const sum = (races: readonly ShardRace[], of: (race: ShardRace) => number) => races.reduce((n, r) => n + of(r), 0)
  const progress = {
    eligible: sum(flow.races, race => race.documents),
    covered: sum(flow.races, ({ answer, shard }) =>
      documentsCovered(answer, eligible[shard] ?? 0, filter !== undefined),
    ),
    pending: sum(flow.races, race => (race.settled ? 0 : race.documents)),
  }
  const waitMs = flow.lateness.waitMs(progress, flow.context.deadline)
  if (waitMs === undefined) return
  flow.patience.abort()
  flow.patience = new AbortController()
  const message = 'had not answered when enough was searched for min_coverage; ask for more to wait longer'
  after(waitMs, AbortSignal.any([flow.patience.signal, flow.over.signal]), flow, () =>
    giveUp(flow, 'deadline_exceeded', message),
  )
}

/** Every shard that is open fails, and the fan-out is over. */
export function giveUp(flow: FanOut, code: string, message: string): void {
  for (const race of flow.races) {
    if (race.settled) continue
    const server = (race.asked.at(-1) ?? race.holders[0])?.address ?? 'no server'
    race.lose({ server, code, message: `${server}: shard ${race.shard} ${message}` })
  }
  flow.over.abort()
}
