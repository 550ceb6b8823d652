import {
  HypershardError,
  type RequestContext,
  type ScanCounts,
  scanCountsOf,
  toHypershardError,
} from '@hypershard/common'
import {
  type DocumentAddress,
  type FetchedDocument,
  type Filter,
  type ManifestReference,
  type RankPosition,
  type ScoringPrecision,
  type SearchPlan,
  type ShardResult,
  StopReason,
} from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { failureFacts } from '../failure-facts.ts'
import type { QueryPayload } from './query-payload.ts'

/** A hit of one shard and where its texts lie. */
export interface FoundHit {
  readonly id: string
  readonly score: number
  readonly shard: number
  readonly address: DocumentAddress
  /** Undefined where it did not come with the hit. */
  readonly document: FetchedDocument | undefined
}

/** What one shard answered. The counts are the server's own word; coverage checks them against the manifest. */
export interface ShardAnswer extends ScanCounts {
  readonly shard: number
  readonly member: ClusterMember
  /** In rank order. */
  readonly hits: readonly FoundHit[]
  /** The plan that was really used. */
  readonly plan: SearchPlan
  readonly documentsMatched: number
  readonly nonFiniteScores: number
  readonly stopReason: StopReason
  readonly queueMs: number
  readonly scoreMs: number
  /** Time the server took to make the q-net from token states. */
  readonly headMs: number
  /** The whole call, which other shards may have shared. */
  readonly callMs: number
  /** Bytes of the query that the call sent. */
  readonly queryBytes: number
}

/** Why a shard gave nothing. */
export interface ShardFailure {
  readonly shard: number
  readonly server: string
  readonly code: string
  readonly message: string
}

export interface FanOutRequest {
  readonly manifest: ManifestReference
  /** For each shard to search: its holders in the order to ask them. */
  readonly route: ReadonlyMap<number, readonly ClusterMember[]>
  readonly payload: QueryPayload
  /** Hits wanted of each shard. */
  readonly limit: number
  readonly precision: ScoringPrecision
  readonly plan: SearchPlan
  readonly candidates: number
  readonly expansion: number
  readonly recall: number
  readonly recallHits: number
  readonly filter: Filter | undefined
  /** How many hits each server gives with their documents. */
  readonly documents: number
  readonly after: RankPosition | undefined
}

/** Every shard of the route has either an answer or a failure. */
export interface FanOutOutcome {
  readonly answers: Map<number, ShardAnswer>
  readonly failures: Map<number, ShardFailure>
  /** Codes of all calls that failed, those too whose shards another holder answered. */
  readonly failedCalls: Set<string>
}

type CallFacts = Pick<ShardAnswer, 'callMs' | 'queryBytes'>

interface FanOut {
  readonly request: FanOutRequest
  readonly context: RequestContext
  readonly outcome: FanOutOutcome
}

/** The first holder and one more: a third would rarely find time left, and would multiply the load of a bad moment. */
const attemptsMax = 2

/**
 * Asks the first holder of every shard, one call a server with all its shards. A shard that fails there (the server
 * cannot be reached, or reports an error for it) is asked of its next live holder, at once and inside the same
 * deadline. Shards whose holders are all down fail without a call. Never rejects: a failure is an outcome.
 */
export async function fanOut(request: FanOutRequest, context: RequestContext): Promise<FanOutOutcome> {
  const outcome: FanOutOutcome = { answers: new Map(), failures: new Map(), failedCalls: new Set() }
  await askHolders([...request.route.keys()], 0, { request, context, outcome })
  return outcome
}

async function askHolders(shards: readonly number[], attempt: number, flow: FanOut): Promise<void> {
  const byMember = Map.groupBy(shards, shard => flow.request.route.get(shard)?.[attempt])
  await Promise.all(
    [...byMember].map(([member, theirs]) =>
      member === undefined ? failUnplaced(theirs, flow) : askMember(member, theirs, attempt, flow),
    ),
  )
}

async function askMember(
  member: ClusterMember,
  shards: readonly number[],
  attempt: number,
  flow: FanOut,
): Promise<void> {
  if (member.live) await callMember(member, shards, flow)
  else fail(member, shards, notLive(member), flow)
  const again = shards.filter(shard => mayAskNext(shard, attempt, flow))
  if (again.length > 0) await askHolders(again, attempt + 1, flow)
}

async function callMember(member: ClusterMember, shards: readonly number[], flow: FanOut): Promise<void> {
  const { route: _, ...request } = flow.request
  const startMs = performance.now()
  try {
    const { results, queryBytes } = await member.search({ ...request, shards: [...shards] }, flow.context.deadline)
    const call = { callMs: performance.now() - startMs, queryBytes }
    for (const shard of shards) {
      const result = results.find(candidate => candidate.shard === shard)
      takeResult(member, shard, result, call, flow)
    }
  } catch (error) {
    const failure = toHypershardError(error)
    flow.outcome.failedCalls.add(failure.code)
    // That a server is away is told by its health checks, once.
    const level = failure.code === 'unavailable' ? 'debug' : 'warn'
    flow.context.log[level]({ ...failureFacts(error), server: member.address, shards }, 'shard search call failed')
    fail(member, shards, failure, flow)
  }
}

function takeResult(
  member: ClusterMember,
  shard: number,
  result: ShardResult | undefined,
  call: CallFacts,
  flow: FanOut,
): void {
  const answer = readResult(member, shard, result, call)
  if ('code' in answer) {
    flow.context.log.warn({ ...answer, server: member.address, shard }, 'shard search failed')
    fail(member, [shard], answer, flow)
    return
  }
  flow.outcome.failures.delete(shard)
  flow.outcome.answers.set(shard, answer)
}

function readResult(
  member: ClusterMember,
  shard: number,
  result: ShardResult | undefined,
  call: CallFacts,
): ShardAnswer | Pick<ShardFailure, 'code' | 'message'> {
  const who = `${member.address}: shard ${shard}`
  if (result === undefined) return { code: 'internal', message: `${who}: the answer leaves it out` }
  if (result.error !== undefined) return result.error
  const { documentsMatched, nonFiniteScores } = result
  const { stopReason, plan, queueMs, scoreMs, headMs } = result
  if (stopReason === StopReason.STOP_REASON_ERROR) return { code: 'internal', message: `${who}: failed, unsaid why` }
  const hits: FoundHit[] = []
  for (const { id, score, address, document } of result.hits) {
    if (address === undefined) return { code: 'internal', message: `${who}: a hit has no address` }
    hits.push({ id, score, shard, address, document })
  }
  const counts = { ...scanCountsOf(result), documentsMatched, nonFiniteScores }
  return { shard, member, hits, ...counts, plan, stopReason, queueMs, scoreMs, headMs, ...call }
}

function fail(
  member: ClusterMember,
  shards: readonly number[],
  { code, message }: Pick<ShardFailure, 'code' | 'message'>,
  flow: FanOut,
): void {
  for (const shard of shards) flow.outcome.failures.set(shard, { shard, server: member.address, code, message })
}

/** No server is known at all. */
function failUnplaced(shards: readonly number[], flow: FanOut): void {
  const message = 'no shard server is known; start one, and see HYPERSHARD_SHARD_SERVERS'
  for (const shard of shards)
    flow.outcome.failures.set(shard, { shard, server: 'no server', code: 'unavailable', message })
}

function notLive(member: ClusterMember): HypershardError {
  const message = `shard server ${member.address} is down: ${member.downReason}; start it again`
  return new HypershardError('unavailable', message)
}

function mayAskNext(shard: number, attempt: number, { request, context, outcome }: FanOut): boolean {
  const { deadline } = context
  if (!outcome.failures.has(shard) || attempt + 1 >= attemptsMax) return false
  return !deadline.passed && !deadline.cancelled && request.route.get(shard)?.[attempt + 1]?.live === true
}
