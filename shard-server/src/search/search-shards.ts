/** check → pin → lease → score → answer. A shard that must be loaded first, or cannot be, delays no other. */

import {
  type Deadline,
  HypershardError,
  type RequestContext,
  toHypershardError,
  type WorkGate,
} from '@hypershard/common'
import { candidatesOfCallMax, expansionMax, facetsMax, hitsMax, hitsOfCallMax } from '@hypershard/proto/limits'
import {
  type Filter,
  ScoringPrecision as ProtoScoring,
  SearchPlan,
  type SearchShardsRequest,
  type SearchShardsResponse,
  type ShardResult,
} from '@hypershard/proto/shard'
import { type ScoringPrecision, vectorWidth } from '@hypershard/qnet'
import type { Manifest } from '@hypershard/storage'
import type { FoundGroups, FoundInOrder } from '../filtering/filter-thread.ts'
import type { GroupWish } from '../filtering/group-rows.ts'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { SortWish } from '../filtering/sort-rows.ts'
import type { ScanAnswer, ScanHit, ScanPlan, ScanRequest, ScoringBackend, ShardToScan } from '../ports.ts'
import type { QueryCache, ReadyQuery } from '../qnets/query-cache.ts'
import { type TakenQuery, takeQuery } from '../qnets/take-query.ts'
import { addWords, rankShards } from '../words/add-words.ts'
import { requireWords } from '../words/require-words.ts'
import type { WordParts } from '../words/search-words.ts'
import { wordQueryOf } from '../words/word-searcher.ts'
import type { WordQuery } from '../words/words-thread.ts'
import { addLeafScores } from './add-leaf-scores.ts'
import { addValues } from './add-values.ts'
import { attachDocuments } from './attach-documents.ts'
import { checkManifestReference, checkShards } from './check-request.ts'
import { checkGroupBy, groupShards, toShardGroups } from './group-shards.ts'
import { type LeasedSegment, type LeasingParts, leaseShard } from './lease-shard.ts'
import { failedResult, type ReadyShard, toHit, toResult } from './shard-results.ts'
import type { ShardSearchMeter } from './shard-search-meter.ts'
import { checkSort, sortShards, toSortedHits } from './sort-shards.ts'
import { traceScan } from './trace-scan.ts'

/** Time taken off a call's deadline for the answer's way back: a tenth, within these bounds. */
const replyReserveMs = { min: 2, max: 50 }

export interface SearchParts extends LeasingParts, WordParts {
  readonly backend: Pick<ScoringBackend, 'scan' | 'score' | 'leafScores'>
  readonly filter: Pick<RowFilter, 'select' | 'count' | 'group' | 'sort' | 'values'>
  readonly queries: QueryCache
  /** Bounds the searches that are scored or wait, for their segments or their turn. */
  readonly searches: WorkGate
  /** And those among them that take memory for the scores of all documents. */
  readonly sheets: WorkGate
  readonly meter: ShardSearchMeter
}

/** What every shard of one call is scored with. */
interface Search {
  readonly manifest: Manifest
  readonly request: Omit<ScanRequest, 'shards'>
  readonly filter: Filter | undefined
  /** Fields. */
  readonly facets: readonly string[]
  /** Undefined where documents are ranked by the q-net alone. */
  readonly words: WordQuery | undefined
  readonly groupBy: GroupWish | undefined
  readonly sort: SortWish | undefined
  /** A field whose values are told of each hit. */
  readonly valuesOf: string | undefined
  /** Of the scoring, which ends before the call does. */
  readonly context: RequestContext
  readonly callDeadline: Deadline
}

export function searchShards(
  parts: SearchParts,
  request: SearchShardsRequest,
  context: RequestContext,
): Promise<SearchShardsResponse> {
  return parts.meter.measure(() => admitSearch(parts, request, context))
}

async function admitSearch(
  parts: SearchParts,
  request: SearchShardsRequest,
  context: RequestContext,
): Promise<SearchShardsResponse> {
  const { holder, searches, queries } = parts
  const precision = checkSearch(request)
  const groupBy = request.groupBy && checkGroupBy(request.groupBy)
  const sort = checkSort(request)
  const needsSheets = groupBy !== undefined || sort !== undefined
  const plan: ScanPlan = needsSheets ? { kind: 'exact' } : checkPlan(request)
  return searches.run(context.deadline, async () => {
    const manifest = await holder.manifest(checkManifestReference(request.manifest), context.deadline)
    checkShards(manifest, request.shards)
    if (request.words !== undefined) requireWords(manifest)
    const query = await takeTraced(queries, request, context)
    try {
      for (const one of query.queries) checkQuery(one, manifest)
      const { qnet } = query.queries[0]!
      const { deadline } = context
      const rangeSample =
        precision === 'int8' ? await holder.files.rangeSample(manifest, deadline) : new Float32Array(0)
      const composed = query.expression && {
        leaves: query.queries.map(({ qnet }) => qnet),
        expression: query.expression,
        sample: await holder.files.scaleSample(manifest, deadline),
      }
      const scoringContext = context.earlier(replyReserve(context.deadline))
      const endEpochMs = performance.timeOrigin + performance.now() + scoringContext.deadline.remainingMs
      const { limit, after, filter, facets, valuesOf } = request
      const search: Search = {
        manifest,
        request: { qnet, composed, scoring: precision, plan, rangeSample, limit, after, endEpochMs },
        filter,
        facets,
        words: request.words && wordQueryOf(request.words),
        groupBy,
        sort,
        valuesOf,
        context: scoringContext,
        callDeadline: context.deadline,
      }
      const find = () => searchGroups(parts, request.shards, search)
      const found = await (needsSheets ? parts.sheets.run(scoringContext.deadline, find) : find())
      const documents = Math.min(hitsMax, request.documents)
      const results = await scoringContext.step('fetch', inner =>
        attachDocuments(found, documents, { holder, manifest, context: inner }),
      )
      parts.meter.noteShards(results, qnet.architecture, query.queries.length)
      const byShard = new Map(results.map(result => [result.shard, { ...result, headMs: query.headMs }]))
      return { results: request.shards.map(shard => byShard.get(shard)!) }
    } catch (error) {
      // Perhaps its weights were what could not be read: the next request must send them again.
      if (toHypershardError(error).code === 'invalid_request') for (const one of query.queries) queries.forget(one)
      throw error
    } finally {
      query.release()
    }
  })
}

/** A span tells how long making the q-net took, where it was made. */
async function takeTraced(
  queries: QueryCache,
  request: SearchShardsRequest,
  { trace, deadline }: RequestContext,
): Promise<TakenQuery> {
  const query = await takeQuery(queries, request, deadline)
  if (trace.recording && query.headMs > 0) {
    const endMs = deadline.clock.now()
    trace.record('make q-net', { startMs: endMs - query.headMs, endMs })
  }
  return query
}

/** The shards that are loaded together, each other one by itself. Nothing reads the query any more when this ends. */
async function searchGroups(parts: SearchParts, shards: readonly number[], search: Search): Promise<ShardResult[]> {
  const loaded = shards.filter(shard => parts.holder.isLoaded(search.manifest, shard))
  const cold = shards.filter(shard => !loaded.includes(shard)).map(shard => [shard])
  const groups = loaded.length > 0 ? [loaded, ...cold] : cold
  const settled = await Promise.allSettled(groups.map(group => searchGroup(parts, group, search)))
  return settled.flatMap(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

/** Leases and scores some shards together; one that cannot be leased fails alone. */
async function searchGroup(parts: SearchParts, shards: readonly number[], search: Search): Promise<ShardResult[]> {
  const { request, context } = search
  const leases = await context.step('lease', inner =>
    Promise.all(shards.map(shard => tryLease(parts, shard, { ...search, context: inner }))),
  )
  const ready = leases.filter(isLease)
  try {
    const counting = request.after?.inclusive === true
    const nothing = { groups: [], sorted: [], counting }
    if (ready.length === 0) return toResults(leases, { scans: [], queueMs: 0 }, nothing)
    const work = { ...request, shards: ready.map(toScan) }
    const startMs = context.deadline.clock.now()
    const ranking = search.words && rankShards(parts, work, { query: search.words, context })
    const answer = await parts.backend.scan(work, context.deadline).finally(() => ranking)
    if (context.trace.recording) traceScan(context.trace, answer, startMs)
    const groups = await groupShards(ready, search, parts.filter)
    const sorted = await sortShards(ready, search, parts.filter)
    const results = toResults(leases, answer, { groups, sorted, counting })
    if (request.composed !== undefined) {
      return await addLeafScores(parts.backend, results, {
        work,
        answer,
        groups,
        sorted,
        deadline: search.callDeadline,
      })
    }
    const joined = search.words && {
      ranked: (await ranking)!,
      query: search.words,
      deadline: search.callDeadline,
    }
    const found = joined ? await addWords(parts, results, { ready, work, answer, ...joined }) : results
    const { valuesOf: field, callDeadline: deadline } = search
    return field === undefined ? found : await addValues(parts.filter, found, { field, ready, deadline })
  } finally {
    for (const lease of ready) lease.release()
  }
}

function checkSearch(request: SearchShardsRequest): ScoringPrecision {
  if (request.limit < 1 || request.limit > hitsOfCallMax) {
    throw new HypershardError('invalid_request', `limit must be 1 to ${hitsOfCallMax}, not ${request.limit}`)
  }
  if (request.composed !== undefined && request.words !== undefined) {
    throw new HypershardError('invalid_request', 'words: a composed query has none; leave one of them out')
  }
  if (request.facets.length > facetsMax) {
    throw new HypershardError('invalid_request', `facets must be at most ${facetsMax}, not ${request.facets.length}`)
  }
  switch (request.precision) {
    case ProtoScoring.SCORING_PRECISION_FP32:
    case ProtoScoring.SCORING_PRECISION_UNSPECIFIED:
      return 'fp32'
    case ProtoScoring.SCORING_PRECISION_INT8:
      return 'int8'
    default:
      throw new HypershardError('invalid_request', `no scoring precision ${request.precision}`)
  }
}

function checkPlan({ plan, candidates, expansion, recall, recallHits }: SearchShardsRequest): ScanPlan {
  switch (plan) {
    case SearchPlan.SEARCH_PLAN_EXACT:
    case SearchPlan.SEARCH_PLAN_UNSPECIFIED:
      return { kind: 'exact' }
    case SearchPlan.SEARCH_PLAN_TANGENT:
      return { kind: 'tangent', candidates: within('candidates', candidates, 1, candidatesOfCallMax) }
    case SearchPlan.SEARCH_PLAN_GRAPH:
      return {
        kind: 'graph',
        candidates: within('candidates', candidates, 1, candidatesOfCallMax),
        expansion: within('expansion', expansion, 1, expansionMax),
      }
    case SearchPlan.SEARCH_PLAN_AUTO:
      return {
        kind: 'auto',
        recall: within('recall', recall, 0, 1),
        hits: within('recall_hits', recallHits, 1, candidatesOfCallMax),
      }
    default:
      throw new HypershardError('invalid_request', `no search plan ${plan}`)
  }
}

/** NaN is refused too. */
function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  throw new HypershardError('invalid_request', `${name} must be ${min} to ${max}, not ${value}`)
}

/** Vectors of one model mean nothing to a q-net of another, even where the widths agree. */
function checkQuery({ modelDigest, qnet }: ReadyQuery, manifest: Manifest): void {
  if (modelDigest !== manifest.modelDigest) {
    const message =
      `index \`${manifest.index}\` is of model ${manifest.modelDigest.slice(0, 12)}, the q-net of model ` +
      `${modelDigest.slice(0, 12)}; encode the query with the index's model`
    const details = { index: manifest.index, indexModel: manifest.modelDigest, qnetModel: modelDigest }
    throw new HypershardError('model_mismatch', message, { details })
  }
  const width = vectorWidth(qnet.architecture)
  if (width !== manifest.vectorWidth) {
    const message = `the q-net reads vectors of width ${width}, the index has ${manifest.vectorWidth}`
    throw new HypershardError('model_mismatch', message)
  }
}

function replyReserve(deadline: Deadline): number {
  return Math.min(replyReserveMs.max, Math.max(replyReserveMs.min, deadline.remainingMs / 10))
}

/** One that cannot be leased is a result that says why. */
async function tryLease(
  parts: SearchParts,
  shard: number,
  { manifest, filter, facets: fields, groupBy, sort, context }: Search,
): Promise<ReadyShard | ShardResult> {
  try {
    const lease = await leaseShard(parts, shard, {
      manifest,
      filter,
      withSheets: groupBy !== undefined || sort !== undefined,
      context,
    })
    try {
      const { segments } = lease
      const facets = fields.length === 0 ? [] : await parts.filter.count(toCount(segments, fields), context.deadline)
      return { ...lease, facets }
    } catch (error) {
      lease.release()
      throw error
    }
  } catch (error) {
    return failedResult(shard, error)
  }
}

function toCount(segments: readonly LeasedSegment[], fields: readonly string[]) {
  return { fields, segments: segments.map(({ key, excluded }) => ({ key, excluded })) }
}

function isLease(lease: ReadyShard | ShardResult): lease is ReadyShard {
  return 'release' in lease
}

function toScan({ shard, segments }: ReadyShard): ShardToScan {
  return {
    shard,
    segments: segments.map(({ passages: _, ...segment }) => segment),
  }
}

/**
 * @param found of the shards that were leased, in their order, where groups or an order were asked for; `counting`: whether
 *   what ranks before the page is to be told
 */
function toResults(
  leases: readonly (ReadyShard | ShardResult)[],
  answer: ScanAnswer,
  found: {
    readonly groups: readonly FoundGroups[]
    readonly sorted: readonly FoundInOrder[]
    readonly counting: boolean
  },
): ShardResult[] {
  const places = new Map(answer.scans.map(({ shard }, at) => [shard, at]))
  return leases.map(lease => {
    if (!isLease(lease)) return lease
    const at = places.get(lease.shard)!
    const scan = answer.scans[at]!
    const beforeCount = found.counting ? (scan.beforeCount ?? 0) : undefined
    const result = toResult(lease, { ...scan, beforeCount }, answer.queueMs)
    const [groups, sorted] = [found.groups[at], found.sorted[at]]
    const hitOf = (hit: ScanHit) => toHit(hit, lease.segments)
    const hits = sorted === undefined ? result.hits : toSortedHits(sorted, hitOf)
    return { ...result, hits, groups: groups && toShardGroups(groups, hitOf) }
  })
}
