import type { RequestContext } from '@hypershard/common'
import { after, type FanOut } from './fan-out-flow.ts'
import type { FanOutRecord } from './fan-out-record.ts'
import type { FanOutOutcome, FanOutRequest } from './fan-out-request.ts'
import { giveUp } from './give-up.ts'
import { watchCall } from './late-calls.ts'
import { Lateness } from './lateness.ts'
import { nobodyOf } from './nobody-of.ts'
import type { ShardAnswer, ShardFailure } from './shard-answer.ts'
import { afterSettling, ask, cancelCall } from './shard-calls.ts'
import { ShardRace } from './shard-race.ts'

/**
 * Asks the first holder of every shard, one call a server with all its shards. Each shard is a race that settles once:
 * - with the first answer that comes;
 * - a call that fails is made again of another holder (`retry-policy.ts`);
 * - a call that is late is made of another holder too (`hedging.ts`), and whichever loses is cancelled;
 * - once `min_coverage` is reached, shards that stay behind are given up (`lateness.ts`);
 * - at the deadline, or when the caller goes, whatever is open fails.
 *
 * Never rejects: a failure is an outcome. No call is made, and none goes on, after it has returned.
 */
export async function fanOut(
  request: FanOutRequest,
  context: RequestContext,
  record: FanOutRecord,
): Promise<FanOutOutcome> {
  const flow = startFanOut(request, context, record)
  const settled = untilOver(flow)
  endInTime(flow)
  if (!flow.over.signal.aborted) askFirstHolders(flow)
  await settled
  for (const call of flow.calls) cancelCall(call, flow)
  return outcomeOf(flow)
}

function startFanOut(request: FanOutRequest, context: RequestContext, record: FanOutRecord): FanOut {
  const { route, eligible, minCoverage } = request
  return {
    request,
    context,
    record,
    races: [...route].map(([shard, holders]) => new ShardRace(shard, eligible[shard] ?? 0, holders)),
    watch: watchCall,
    lateness: new Lateness(minCoverage),
    calls: new Set(),
    failedCalls: new Set(),
    over: new AbortController(),
    patience: new AbortController(),
  }
}

function untilOver({ races, over }: FanOut): Promise<void> {
  if (races.length === 0) over.abort()
  return new Promise(resolve => {
    if (over.signal.aborted) resolve()
    else over.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The deadline, or the caller going away, ends every race that is open. */
function endInTime(flow: FanOut): void {
  const { deadline } = flow.context
  const { signal } = flow.over
  const gone = () => giveUp(flow, 'cancelled', 'the caller went away before it had answered')
  deadline.signal.addEventListener('abort', gone, { once: true })
  signal.addEventListener('abort', () => deadline.signal.removeEventListener('abort', gone), { once: true })
  if (deadline.cancelled) gone()
  const expire = () => giveUp(flow, 'deadline_exceeded', 'had not answered in time; allow a longer timeout_ms')
  after(deadline.remainingMs, signal, flow, expire)
}

function askFirstHolders(flow: FanOut): void {
  const byMember = Map.groupBy(flow.races, race => race.nextHolder())
  for (const [member, races] of byMember) {
    if (member === undefined) for (const race of races) loseUnasked(race, flow)
    else {
      flow.record.hedging.budget.earn()
      ask(member, races, 'first', flow)
    }
  }
}

function loseUnasked(race: ShardRace, flow: FanOut): void {
  race.lose(nobodyOf(race.holders))
  afterSettling(flow)
}

function outcomeOf({ races, failedCalls }: FanOut): FanOutOutcome {
  const answers = new Map<number, ShardAnswer>()
  const failures = new Map<number, ShardFailure>()
  for (const { shard, answer, failure } of races) {
    if (answer !== undefined) answers.set(shard, answer)
    else failures.set(shard, failure!)
  }
  const asked = new Map(races.map(race => [race.shard, { attempts: race.asked.length, hedged: race.hedged }]))
  return { answers, failures, failedCalls, asked }
}
