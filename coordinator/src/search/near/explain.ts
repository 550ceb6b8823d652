/** How one document stands for a query: what a search would have done with it, and where it ranks among all. */
import {
  compareRank,
  HypershardError,
  isErrorCode,
  nothingScanned,
  type RequestContext,
  type ScanCounts,
  scanCountsOf,
  sumScanCounts,
} from '@hypershard/common'
import { type Filter, type Passage, SearchPlan, StopReason } from '@hypershard/proto/shard'
import { shardOf } from '@hypershard/storage'
import { passesFilter } from '../../access/passes-filter.ts'
import type { LeafScores } from '../composed/leaf-scores.ts'
import { refuseToTenant } from '../composed/refuse-to-tenant.ts'
import { countCoverage, requireCoverage } from '../count-coverage.ts'
import { type Coverage, isWhole } from '../coverage.ts'
import type { FanOutOutcome, FanOutRequest } from '../fan-out-request.ts'
import { readFilter } from '../read-filter.ts'
import { pin, type SearchParts } from '../search.ts'
import type { SearchInput } from '../search-input.ts'
import { Stopwatch } from '../search-profile.ts'
import type { FoundHit, ShardAnswer } from '../shard-answer.ts'
import { type Asked, askShards, fanOutInTime } from '../stages/ask-shards.ts'
import { type Pinned, planFanOut } from '../stages/plan-fan-out.ts'
import { type FailingClause, failingClauses } from './failing-clauses.ts'
import { findDocument } from './find-document.ts'
import { type LikeBy, likeByOf, likedIds } from './like.ts'
import { searchLike } from './search-like.ts'

export interface ExplainInput {
  readonly id: string
  /** The document must pass this, or does not exist: the filter of the tenant who asks. */
  readonly within?: SearchInput['filter']
  /** What clauses are told of; `search.filter` may have more. */
  readonly filter: SearchInput['filter']
  readonly search: SearchInput
}

export interface Explanation {
  readonly manifestVersion: number
  readonly shard: number
  /** Null when it is NaN or infinite. */
  readonly score: number | null
  readonly passage: Passage | undefined
  /** Of the document, for the passage's own. */
  readonly text: string
  readonly failing: readonly FailingClause[]
  /**
   * Of all documents that pass the filter, by the exact plan, from 1; where it does not pass itself, the one that it would
   * have. Null where not all could be scored.
   */
  readonly rank: number | null
  /** Whether the plan that was asked for has it scored by the q-net; null where the filter leaves it out. */
  readonly candidate: boolean | null
  /** Where the leaves of a composed query stand, and what they say of the document. */
  readonly leaves?: readonly string[] | undefined
  readonly composed?: LeafScores | undefined
  readonly likeBy: LikeBy | undefined
  readonly queryTruncated: boolean
  /** Of the search for its rank. */
  readonly coverage: Coverage
  /** Of all that was done. */
  readonly scanned: ScanCounts
}

interface Flow {
  readonly input: SearchInput
  readonly pinned: Pinned
  readonly context: RequestContext
  readonly parts: SearchParts
}

/**
 * pin, find the document, score it alone, count what ranks before it, see whether the plan comes to it. Its score has the
 * bits that any search gives it.
 * @returns undefined where the version that searches pin has no such document
 * @throws HypershardError as a search, and `unavailable` where a shard server is too old
 */
export async function explain(
  { id, within, filter, search }: ExplainInput,
  context: RequestContext,
  parts: SearchParts,
): Promise<Explanation | undefined> {
  const watch = new Stopwatch()
  if (likedIds(search).includes(id)) throw itself(id)
  const { pinned } = await pin(search, context, parts)
  const { manifest } = pinned
  const found = await context.step('find', inner =>
    findDocument(pinned, { id, withVector: false }, inner, parts.cluster),
  )
  if (found?.document === undefined) return undefined
  const { title, text, fieldsJson } = found.document
  const document = { title, text, fields: fieldsJson || '{}' }
  const passes = (json: SearchInput['filter']) =>
    json === undefined || passesFilter(readFilter(json, manifest), manifest, document)
  if (!passes(within)) return undefined

  const input = await searchLike(search, pinned, context, parts)
  refuseToTenant(input)
  const flow = { input, pinned, context, parts }
  const alone = await scoreAlone(id, flow, watch)
  const counted = await countBefore(alone, flow)
  const admitted = passes(search.filter)
  const tried = admitted && input.plan !== 'exact' ? await tryPlan(alone, flow) : undefined
  return {
    manifestVersion: manifest.version,
    shard: alone.hit.shard,
    score: Number.isFinite(alone.hit.score) ? alone.hit.score : null,
    passage: alone.hit.passage,
    text,
    failing:
      filter === undefined ? [] : failingClauses(readFilter(filter, manifest), { filterable: manifest, document }),
    rank: counted.rank,
    candidate: admitted ? (tried?.candidate ?? true) : null,
    leaves: input.composed?.leaves.map(({ path }) => path),
    composed: alone.hit.composed,
    likeBy: likeByOf(input),
    queryTruncated: alone.asked.query.truncated,
    coverage: counted.coverage,
    scanned: sumScanCounts([alone.scanned, counted.coverage, tried?.scanned ?? nothingScanned]),
  }
}

interface Alone {
  readonly asked: Asked
  readonly hit: FoundHit
  /** Of the documents that hits are to be like, those that rank before the one that is explained. */
  readonly likedBefore: number
  readonly scanned: ScanCounts
}

/** The document's score, by a search that nothing else can be a hit of. */
async function scoreAlone(id: string, { input, pinned, context, parts }: Flow, watch: Stopwatch): Promise<Alone> {
  const ids = [id, ...likedIds(input)]
  const shards = new Set(ids.map(own => shardOf(own, pinned.manifest.shards)))
  const filter: Filter = { kind: { $case: 'ids', value: { values: ids } } }
  const change = (planned: FanOutRequest) => ({ ...exactly(ofShards(planned, shards)), filter, limit: ids.length })
  const asked = await askShards(input, pinned, { context, watch, change }, parts)
  requireAll(asked.outcome)
  const hits = [...asked.outcome.answers.values()].flatMap(answer => answer.hits)
  const hit = hits.find(one => one.id === id)
  if (hit === undefined)
    throw new HypershardError('internal', `document ${JSON.stringify(id)} was found and not scored`)
  const before = hits.filter(one => one.id !== id && compareRank(one, hit) < 0)
  const passing = await Promise.all(before.map(one => passesAs(one.id, pinned, context, parts)))
  const likedBefore = passing.filter(Boolean).length
  return { asked, hit, likedBefore, scanned: sumScanCounts([...asked.outcome.answers.values()]) }
}

/** Whether the document that hits are to be like is among those that pass the filter, as the count has it. */
async function passesAs(
  id: string,
  pinned: Pinned,
  context: RequestContext,
  { cluster }: SearchParts,
): Promise<boolean> {
  const { filter, manifest } = pinned
  if (filter === undefined) return true
  const found = await findDocument(pinned, { id, withVector: false }, context, cluster)
  const { title = '', text = '', fieldsJson = '' } = found?.document ?? {}
  return passesFilter(filter, manifest, { title, text, fields: fieldsJson || '{}' })
}

/** How many rank before it in the exact plan: every server counts its own, so that no list need be sent. */
async function countBefore({ asked, hit, likedBefore }: Alone, { input, pinned, context, parts }: Flow) {
  const counting = { ...exactly(planAgain(asked, { input, pinned, context, parts })), after: startAt(hit), limit: 1 }
  const outcome = await fanOutInTime(counting, context, parts.fanOuts)
  const coverage = countCoverage(pinned.manifest, outcome, pinned.filter !== undefined)
  requireCoverage(coverage, input.minCoverage)
  const before = [...outcome.answers.values()].reduce((sum, answer) => sum + beforeOf(answer), 0)
  return { rank: isWhole(coverage) ? 1 + before - likedBefore : null, coverage }
}

/** Has its shard searched as the search would have it, for what begins at the document: it comes first, or was not scored. */
async function tryPlan({ asked, hit }: Alone, flow: Flow) {
  const planned = ofShards(planAgain(asked, flow), new Set([hit.shard]))
  const outcome = await fanOutInTime(
    { ...planned, after: startAt(hit), limit: 1, documents: 0 },
    flow.context,
    flow.parts.fanOuts,
  )
  requireAll(outcome)
  const answer = outcome.answers.get(hit.shard)!
  beforeOf(answer)
  return { candidate: answer.hits[0]?.id === hit.id, scanned: scanCountsOf(answer) }
}

/** As the search would have it asked for, with the query that is encoded already. */
function planAgain({ query: { payload } }: Asked, { input, pinned, context, parts: { cluster } }: Flow): FanOutRequest {
  return planFanOut(input, pinned, { payload, cluster, nowMs: context.deadline.clock.monotonicMs() })
}

function exactly(planned: FanOutRequest): FanOutRequest {
  return { ...planned, plan: SearchPlan.SEARCH_PLAN_EXACT, documents: 0 }
}

function ofShards(planned: FanOutRequest, shards: ReadonlySet<number>): FanOutRequest {
  return { ...planned, route: new Map([...planned.route].filter(([shard]) => shards.has(shard))) }
}

function startAt({ score, id }: FoundHit) {
  return { score, id, inclusive: true }
}

function beforeOf({ member, documentsBefore }: ShardAnswer): number {
  if (documentsBefore !== undefined) return documentsBefore
  const message = `shard server ${member.address} is of a version that cannot explain; upgrade it`
  throw new HypershardError('unavailable', message)
}

/** @throws HypershardError of the first shard that was not searched whole: without it nothing can be said */
function requireAll({ answers, failures }: FanOutOutcome): void {
  for (const { code, message } of failures.values()) {
    throw new HypershardError(isErrorCode(code) ? code : 'unavailable', message)
  }
  for (const { member, shard, stopReason } of answers.values()) {
    if (stopReason === StopReason.STOP_REASON_COMPLETE) continue
    const message = `${member.address}: shard ${shard} was not searched in time; allow a longer timeout_ms`
    throw new HypershardError('deadline_exceeded', message)
  }
}

function itself(id: string): HypershardError {
  const message = `like: hits are to be like ${JSON.stringify(id)}, so it is none itself; explain another document`
  return new HypershardError('invalid_request', message)
}
