import { generationUid } from '../cluster/placement-of.ts'
import { after, type FanOut, type ShardCall } from './fan-out-flow.ts'
import { untilLookMs } from './hedging.ts'
import { callsOfShardMax, retryOf } from './retry-policy.ts'
import { ask, retryAt } from './shard-calls.ts'
import type { ShardRace } from './shard-race.ts'

/** Looks again and again whether the call is late, or its server down, and others should be asked for its shards. */
export function watchCall(call: ShardCall, flow: FanOut): void {
  const { hedging } = flow.record
  const { clock } = flow.context.deadline
  const lateMs = hedging.lateAfterMs(call.kind, call.startMs)
  let refused = false
  const look = () => {
    const elapsedMs = clock.monotonicMs() - call.startMs
    const open = call.races.filter(race => !race.settled && race.underWay === 1 && race.asked.length < callsOfShardMax)
    if (!call.member.live) askOthers(open, flow)
    else if (lateMs !== undefined && elapsedMs >= lateMs && !hedge(call, open, flow) && !refused) {
      refused = true
      hedging.counts.refusedByBudget++
    }
    lookLater(elapsedMs)
  }
  const lookLater = (elapsedMs: number) => {
    if (!call.ended.signal.aborted) after(untilLookMs(elapsedMs, lateMs), call.ended.signal, flow, look)
  }
  lookLater(0)
}

/** The server was found to be down while it was asked: no reason to wait for it alone. Its answer is taken if it comes. */
function askOthers(open: readonly ShardRace[], flow: FanOut): void {
  const { deadline } = flow.context
  const retries = open.flatMap(race => {
    const retry = retryOf(race, 'unavailable', { deadline, random: flow.record.random })
    return retry === undefined || retry.pauseMs > 0 ? [] : [{ race, member: retry.member }]
  })
  for (const [member, theirs] of Map.groupBy(retries, retry => retry.member)) {
    retryAt(
      member,
      theirs.map(({ race }) => race),
      flow,
    )
  }
}

/**
 * Asks other holders that have the shards loaded, one call a server, as far as the budget goes. Not one that would
 * probably take longer than this call has already.
 * @returns whether the budget was enough
 */
function hedge(call: ShardCall, open: readonly ShardRace[], flow: FanOut): boolean {
  const { manifest } = flow.request
  const { hedging } = flow.record
  const nowMs = flow.context.deadline.clock.monotonicMs()
  const indexUid = generationUid(manifest)
  const byMember = Map.groupBy(open, race =>
    race.nextHolder(
      member =>
        member.isWarm({ indexUid, version: manifest.version, shard: race.shard }) &&
        member.load.usualMs(race.documents, nowMs, call.member.load) <= nowMs - call.startMs,
    ),
  )
  for (const [member, races] of byMember) {
    if (member === undefined) continue
    if (!hedging.budget.spend()) return false
    hedging.counts.asked++
    for (const race of races) race.hedged = true
    ask(member, races, 'hedge', flow)
  }
  return true
}
