import { type HypershardError, noSpan, type RequestContext, type Span, toHypershardError } from '@hypershard/common'
import type { CallReason } from '@hypershard/contract'
import type { ClusterMember, MemberAnswer } from '../cluster/cluster-member.ts'
import { failureFacts } from '../failure-facts.ts'
import { after, type FanOut, nobodyWaits, type ShardCall } from './fan-out-flow.ts'
import { waitForStragglers } from './give-up.ts'
import { kindOf } from './hedging.ts'
import { isComposed, leavesOf } from './query-payload.ts'
import { retryOf } from './retry-policy.ts'
import { readShardResult } from './shard-answer.ts'
import type { ShardRace } from './shard-race.ts'

/** Makes one call for some shards that are open. What comes of it settles them, or has others asked. */
export function ask(member: ClusterMember, races: readonly ShardRace[], reason: CallReason, flow: FanOut): void {
  const { clock } = flow.context.deadline
  const documents = races.reduce((sum, race) => sum + race.documents, 0)
  for (const race of races) race.begin(member)
  const startMs = clock.monotonicMs()
  const call: ShardCall = {
    member,
    races,
    reason,
    // Each leaf of a composed query scores them.
    kind: kindOf(flow.request, documents * leavesOf(flow.request.payload).length),
    startMs,
    work: member.load.begin(documents, startMs),
    trace: spanOf(member, races, reason, flow.context),
    cancel: new AbortController(),
    ended: new AbortController(),
  }
  flow.calls.add(call)
  void makeCall(call, flow)
  flow.watch(call, flow)
}

/** Calls for the same shards, hedges and repetitions among them, stand beside each other. */
function spanOf(
  member: ClusterMember,
  races: readonly ShardRace[],
  reason: CallReason,
  { trace }: RequestContext,
): Span {
  if (!trace.recording) return noSpan
  const shards = races.map(({ shard }) => shard).join(',')
  const facts = { 'hypershard.server': member.address, 'hypershard.shards': shards, 'hypershard.reason': reason }
  return trace.child('shard call', facts, 'client')
}

async function makeCall(call: ShardCall, flow: FanOut): Promise<void> {
  const { member, races, cancel, work, trace } = call
  const { route: _, eligible: __, segments: ___, minCoverage: ____, ...request } = flow.request
  const context = trace.recording ? flow.context.with({ trace }) : flow.context
  try {
    const shards = races.map(({ shard }) => shard)
    const answer = await member.search({ ...request, shards }, context.withSignal(cancel.signal))
    if (endCall(call, 'answered', flow)) takeAnswer(call, answer, flow)
  } catch (error) {
    if (!endCall(call, 'failed', flow, error)) return
    work.failed(context.deadline.clock.monotonicMs())
    takeFailure(call, toHypershardError(error), error, flow)
  }
}

/** @returns whether its end is of interest: not when it was cancelled before */
function endCall(
  call: ShardCall,
  result: 'answered' | 'failed' | 'cancelled',
  flow: FanOut,
  failure?: unknown,
): boolean {
  call.ended.abort(nobodyWaits)
  if (!flow.calls.delete(call)) return false
  const { reason, startMs, trace } = call
  flow.record.callSeconds.observe({ reason, result }, (flow.context.deadline.clock.monotonicMs() - startMs) / 1_000)
  if (failure !== undefined) trace.fail(failure)
  trace.end()
  return true
}

function takeAnswer(call: ShardCall, { results, queryBytes }: MemberAnswer, flow: FanOut): void {
  const { member, races, reason, kind, startMs, work } = call
  const nowMs = flow.context.deadline.clock.monotonicMs()
  const facts = { callMs: nowMs - startMs, queryBytes, wonBy: reason }
  work.answered({ serviceMs: Math.max(0, ...results.map(({ headMs, scoreMs }) => headMs + scoreMs)) }, nowMs)
  flow.record.hedging.noteCall(kind, facts.callMs, nowMs)
  const { segments, facets, words, groupBy, sort, valuesOf, payload } = flow.request
  const leaves = isComposed(payload) ? payload.leaves.length : 0
  const asked = { member, segments, facets, groupBy, sort, valuesOf, leaves, withWords: words !== undefined }
  const failed: [ShardRace, string][] = []
  let won = false
  for (const race of races) {
    race.end()
    const result = results.find(candidate => candidate.shard === race.shard)
    const answer = readShardResult({ ...asked, shard: race.shard }, result, facts)
    if ('hits' in answer) won = race.win(answer) || won
    else {
      flow.context.log.warn({ ...answer, server: member.address, shard: race.shard }, 'shard search failed')
      race.noteFailure(member.address, answer)
      failed.push([race, answer.code])
    }
  }
  if (won && reason === 'hedge') flow.record.hedging.counts.won++
  askAgain(failed, flow)
  afterSettling(flow)
}

function takeFailure(call: ShardCall, failure: HypershardError, error: unknown, flow: FanOut): void {
  const { member, races } = call
  flow.failedCalls.add(failure.code)
  // That a server is away is told by its health checks, once.
  const level = failure.code === 'unavailable' ? 'debug' : 'warn'
  const shards = races.map(({ shard }) => shard)
  flow.context.log[level]({ ...failureFacts(error), server: member.address, shards }, 'shard search call failed')
  for (const race of races) {
    race.end()
    race.noteFailure(member.address, failure)
  }
  askAgain(
    races.map(race => [race, failure.code] as const),
    flow,
  )
  afterSettling(flow)
}

/** Those for which no other call is under way are asked of another holder, or are lost. */
function askAgain(failed: readonly (readonly [ShardRace, string])[], flow: FanOut): void {
  const { context, record } = flow
  const options = { deadline: context.deadline, random: record.random }
  const retries = failed.flatMap(([race, code]) => {
    if (race.settled || race.underWay > 0) return []
    const retry = retryOf(race, code, options)
    if (retry === undefined) race.lose(undefined)
    return retry === undefined ? [] : [{ race, ...retry }]
  })
  for (const [member, theirs] of Map.groupBy(retries, retry => retry.member)) {
    const races = theirs.map(({ race }) => race)
    const pauseMs = Math.max(...theirs.map(retry => retry.pauseMs))
    if (pauseMs === 0) retryAt(member, races, flow)
    else after(pauseMs, flow.over.signal, flow, () => retryAt(member, races, flow))
  }
}

/** Asks for those that are open still. */
export function retryAt(member: ClusterMember, races: readonly ShardRace[], flow: FanOut): void {
  const open = races.filter(race => !race.settled)
  if (open.length === 0) return
  flow.record.retries++
  ask(member, open, 'retry', flow)
}

/** Ends the calls that nobody waits for, and the fan-out when nothing is open; else sets how long the others may take. */
export function afterSettling(flow: FanOut): void {
  for (const call of flow.calls) if (call.races.every(race => race.settled)) cancelCall(call, flow)
  if (flow.races.every(race => race.settled)) flow.over.abort()
  else waitForStragglers(flow)
}

/** Nobody waits for it any longer. It counts at least as slow as it was waited for. */
export function cancelCall(call: ShardCall, flow: FanOut): void {
  const nowMs = flow.context.deadline.clock.monotonicMs()
  const { hedging } = flow.record
  if (call.trace.recording) call.trace.set({ 'hypershard.cancelled': true })
  endCall(call, 'cancelled', flow)
  call.work.cancelled(nowMs)
  const lost = call.races.every(race => race.answer !== undefined)
  if (lost) {
    hedging.counts.cancelled++
    hedging.noteCall(call.kind, nowMs - call.startMs, nowMs)
  }
  call.cancel.abort()
}
