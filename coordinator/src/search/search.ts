import assert from 'node:assert/strict'
import { HypershardError, type RequestContext, waitWithin } from '@hypershard/common'
import type { SearchPlanName } from '@hypershard/contract'
import { candidatesOfCallMax, expansionMax } from '@hypershard/proto/limits'
import {
  type FetchedDocument,
  type Filter,
  type ManifestReference,
  ScoringPrecision,
  SearchPlan,
} from '@hypershard/proto/shard'
import { type GenerationOfModel, type Manifest, modelNotServed, type NamedModel } from '@hypershard/storage'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { ModelKeeper } from '../catalog/model-keeper.ts'
import type { ModelRegistry } from '../catalog/model-registry.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { placementAt, placementOf } from '../cluster/placement-of.ts'
import { encodeOwnQuery } from '../vectors/own-query.ts'
import { scoredBy } from '../vectors/scored-by.ts'
import { AnswerCache } from './answer-cache.ts'
import { countCoverage, requireCoverage } from './count-coverage.ts'
import { type Cursor, type CursorOwner, decodeCursor, encodeCursor } from './cursor.ts'
import { documentsOfServer } from './documents-of-server.ts'
import { fanOut } from './fan-out.ts'
import type { FanOutRecord } from './fan-out-record.ts'
import type { FanOutOutcome, FanOutRequest } from './fan-out-request.ts'
import { fetchDocuments } from './fetch-documents.ts'
import { mergeTopHits } from './merge-top-hits.ts'
import type { EncodedQueryAndOrigin, QueryEncoder, QueryText } from './query-encoder.ts'
import type { MeasuredQuery, QueryForms } from './query-forms.ts'
import { isTokenStates, payloadBytes } from './query-payload.ts'
import { readFilter } from './read-filter.ts'
import { type ShardToSpread, spreadShards } from './replica-choice.ts'
import type { Hit, SearchAnswer } from './search-answer.ts'
import type { SearchInput } from './search-input.ts'
import { profileOf, Stopwatch } from './search-profile.ts'
import type { SearchTrail } from './search-trail.ts'
import type { FoundHit } from './shard-answer.ts'

export interface SearchParts {
  readonly catalog: Catalog
  readonly cluster: Cluster
  readonly queryEncoder: QueryEncoder
  readonly queryForms: QueryForms
  readonly answers: AnswerCache
  readonly fanOuts: FanOutRecord
  readonly modelKeeper: Pick<ModelKeeper, 'mend'>
  readonly models: Pick<ModelRegistry, 'list'>
}

const planMessages: Readonly<Record<SearchPlanName, SearchPlan>> = {
  exact: SearchPlan.SEARCH_PLAN_EXACT,
  tangent: SearchPlan.SEARCH_PLAN_TANGENT,
  graph: SearchPlan.SEARCH_PLAN_GRAPH,
  auto: SearchPlan.SEARCH_PLAN_AUTO,
}

/**
 * The time that shards must leave for merge, fetch and answer: a tenth of what there is, at most 200 ms. Without it a
 * shard server that hangs would use up all the time, and the others' partial answer would be lost.
 */
const reserveShare = 0.1
const reserveMsMax = 200

/**
 * check, pin, look among the answers that were kept, encode, route, fan out, merge, count coverage, fetch. One manifest
 * version for every shard of one answer, and for every page of one cursor.
 * @throws HypershardError `index_not_found`, `invalid_cursor`, `invalid_request` (the filter), `insufficient_coverage`, `model_not_served`, and what its steps throw
 */
export async function search(
  input: SearchInput,
  context: RequestContext,
  parts: SearchParts,
  trail: SearchTrail = {},
): Promise<SearchAnswer> {
  trail.watch ??= new Stopwatch()
  const { watch } = trail
  const { index, generation } = input
  const entry = generation === undefined ? parts.catalog.get(index) : parts.catalog.getGeneration(index, generation)
  const { precision, plan } = input
  const owner: CursorOwner = {
    indexUid: entry.record.uid,
    query: input.own?.name ?? input.query,
    precision,
    plan,
    filter: JSON.stringify(input.filter ?? null),
  }
  const cursor = input.cursor === undefined ? undefined : decodeCursor(input.cursor, owner)
  const manifest = await waitWithin(parts.catalog.pin(entry, cursor), context.deadline, 'reading the manifest')
  const filter = input.filter && readFilter(input.filter, manifest.fields ?? {})

  const key = input.cache && !input.profile ? AnswerCache.keyOf(input, manifest) : undefined
  const kept = key === undefined ? undefined : parts.answers.get(key)
  if (kept !== undefined) {
    trail.cached = true
    return { ...kept, cached: true, tookMs: watch.totalMs }
  }

  const pinned = { entry, manifest, cursor, filter }
  const { query, request, outcome } = await askShards(input, pinned, { context, watch }, parts)
  Object.assign(trail, { query, outcome })
  if (context.deadline.cancelled) context.deadline.check('merging hits')

  const { ranked, winners, coverage, documents } = await pickWinners(input, request, {
    manifest,
    outcome,
    context,
    watch,
    trail,
  })

  const given = (cursor?.given ?? 0) + winners.length
  const last = ranked.length > winners.length ? winners.at(-1) : undefined
  const answer = {
    hits: winners.map(hit => toHit(hit, documents)),
    coverage,
    plan,
    manifestVersion: manifest.version,
    queryTruncated: query.truncated,
    queryTokens: query.tokens,
    queryUnknownTokens: query.unknownTokens,
    cached: false,
    nextCursor:
      last === undefined
        ? null
        : encodeCursor({ generation: manifest.generation, version: manifest.version, given, ...last }, owner),
    tookMs: watch.totalMs,
    profile: input.profile ? profileOf(query, outcome, watch) : undefined,
  }
  if (key !== undefined) parts.answers.keep(key, answer)
  return answer
}

interface Asked {
  readonly query: EncodedQueryAndOrigin
  readonly request: FanOutRequest
  readonly outcome: FanOutOutcome
}

/** Encodes in the form that costs less, and in the other one when a server cannot use that. */
async function askShards(
  input: SearchInput,
  pinned: Omit<Pinned, 'payload'>,
  { context, watch }: { context: RequestContext; watch: Stopwatch },
  parts: SearchParts,
): Promise<Asked> {
  const { modelDigest } = pinned.manifest
  const { queryForms, queryEncoder, modelKeeper } = parts
  const askWith = async (encode: (inner: RequestContext) => Promise<EncodedQueryAndOrigin>): Promise<Asked> => {
    const query = await context.step('encode', encode).catch(naming(pinned.entry.generation))
    watch.lap('encode')
    const nowMs = context.deadline.clock.monotonicMs()
    const request = planFanOut(input, { ...pinned, payload: query.payload }, { cluster: parts.cluster, nowMs })
    const outcome = await earlierByReserve(context).step('fan out', inner => fanOut(request, inner, parts.fanOuts))
    watch.lap('fanOut')
    return { query, request, outcome }
  }
  const { own } = input
  const scored = await scoredBy(pinned.entry.generation, own, parts.models, context.deadline)
  if (own !== undefined) return askWith(async () => encodeOwnQuery(own, scored!))
  const ask = (text: QueryText) => askWith(inner => encodeQuery(queryEncoder, text, inner))
  const text = { modelDigest, text: input.query, form: queryForms.choose(modelDigest) }
  const asked = await ask(text)
  const isOfStates = isTokenStates(asked.query.payload)
  if (isOfStates && [...asked.outcome.failedCalls].some(meansNoHead)) {
    queryForms.refuse(modelDigest)
    modelKeeper.mend(modelDigest)
    queryEncoder.forget({ ...text, form: 'tokenStates' })
    const lost = [...asked.outcome.failures.values()].some(({ code }) => meansNoHead(code))
    return lost ? ask({ ...text, form: 'weights' }) : asked
  }
  const measured = measuredQuery(asked)
  if (measured !== undefined) queryForms.learn(modelDigest, isOfStates ? 'tokenStates' : 'weights', measured)
  return asked
}

async function encodeQuery(encoder: QueryEncoder, text: QueryText, context: RequestContext) {
  const query = await encoder.encode(text, context)
  const form = isTokenStates(query.payload) ? 'tokenStates' : 'weights'
  if (context.trace.recording) context.trace.set({ 'hypershard.cached': query.cached, 'hypershard.query_form': form })
  return query
}

/** What a shard server answers that cannot make q-nets of the model's token states. */
function meansNoHead(code: string): boolean {
  return code === 'model_not_found' || code === 'invalid_model'
}

/** Undefined for a query that some server may have known. */
function measuredQuery({ query, outcome }: Asked): MeasuredQuery | undefined {
  if (query.cached || outcome.answers.size === 0) return undefined
  const calls = [...Map.groupBy(outcome.answers.values(), ({ member }) => member).values()].map(shards => {
    const scoringMs = Math.max(...shards.map(({ queueMs, scoreMs }) => queueMs + scoreMs))
    return { ownMs: shards[0]!.callMs - scoringMs, headMs: shards[0]!.headMs }
  })
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  return {
    bytes: payloadBytes(query.payload),
    servers: calls.length,
    perServerMs: mean(calls.map(({ ownMs }) => ownMs)),
    headMs: mean(calls.map(({ headMs }) => headMs)),
  }
}

/** The encoder service knows a model by its digest alone; who searches knows an index. */
function naming(generation: GenerationOfModel) {
  return (error: unknown): never => {
    if (!(error instanceof HypershardError) || error.code !== 'model_not_found') throw error
    throw modelNotServed(generation, (error.details.models ?? []) as NamedModel[], error)
  }
}

interface Found {
  readonly manifest: Manifest
  readonly outcome: FanOutOutcome
  readonly context: RequestContext
  readonly watch: Stopwatch
  readonly trail: SearchTrail
}

/**
 * Merge, count coverage, fetch. A shard whose texts nobody gives any more counts as missing, and the others are merged
 * again: every round takes one shard away at least, or is the last.
 */
async function pickWinners(input: SearchInput, request: FanOutRequest, found: Found) {
  const { outcome, context, watch } = found
  const documents = input.idsOnly ? undefined : new Map<string, FetchedDocument>()
  for (;;) {
    const merge = async () => mergeAndCount(input, request, found)
    const { ranked, winners, coverage } = await context.step('merge', merge)
    watch.lap('merge')

    for (const { id, document } of winners) if (document?.id === id) documents?.set(id, document)
    const wanted = documents === undefined ? [] : winners.filter(hit => !documents.has(hit.id))
    const fetched = await context.step('fetch', inner => fetchDocuments(wanted, request, outcome, inner))
    watch.lap('fetch')
    for (const [id, document] of fetched.documents) documents?.set(id, document)
    if (fetched.failures.size === 0) return { ranked, winners, coverage, documents }
    for (const [shard, failure] of fetched.failures) {
      outcome.answers.delete(shard)
      outcome.failures.set(shard, failure)
    }
  }
}

function mergeAndCount(input: SearchInput, request: FanOutRequest, { manifest, outcome, trail }: Found) {
  const lists = [...outcome.answers.values()].map(answer => answer.hits)
  const ranked = mergeTopHits(lists, request.limit)
  const coverage = countCoverage(manifest, outcome, request.filter !== undefined)
  trail.coverage = coverage
  requireCoverage(coverage, input.minCoverage)
  return { ranked, winners: ranked.slice(0, input.k), coverage }
}

interface Pinned {
  readonly entry: CatalogEntry
  readonly manifest: Manifest
  readonly cursor: Cursor | undefined
  readonly filter: Filter | undefined
  readonly payload: FanOutRequest['payload']
}

/** Shards without documents are left out. One hit more than the page tells whether there is a next page. */
function planFanOut(
  input: SearchInput,
  { entry, manifest, cursor, filter, payload }: Pinned,
  { cluster, nowMs }: { readonly cluster: Cluster; readonly nowMs: number },
): FanOutRequest {
  const isOfEntry = manifest.generation === entry.manifest.generation
  const placement = isOfEntry ? placementOf(entry) : placementAt(manifest, entry.record.replicas)
  const eligible = eligibleByShard(manifest)
  const shards: ShardToSpread<ClusterMember>[] = []
  const given = cursor?.given ?? 0
  for (const [shard, documents] of eligible.entries()) {
    if (documents === 0) continue
    const holders = cluster.routeOf(placement, shard, manifest.version)
    const equals = cluster.firstToAsk(placement, shard, manifest.version).length
    shards.push({ shard, documents, holders, equals })
  }
  const route = spreadShards(shards, nowMs)
  return {
    manifest: referenceTo(manifest),
    route,
    eligible,
    segments: manifest.segments,
    minCoverage: input.minCoverage,
    payload,
    filter,
    limit: input.k + 1,
    plan: planMessages[input.plan],
    // The hits of earlier pages are found again, so there must be room for them too.
    candidates: Math.min(candidatesOfCallMax, Math.max(input.candidates, input.k + 1) + given),
    expansion: Math.min(expansionMax, Math.max(input.expansion, input.k + 1) + given),
    recall: input.recall,
    recallHits: Math.min(candidatesOfCallMax, input.k + given),
    documents: input.idsOnly ? 0 : documentsOfServer(input.k, serversAsked(route)),
    precision:
      input.precision === 'int8' ? ScoringPrecision.SCORING_PRECISION_INT8 : ScoringPrecision.SCORING_PRECISION_FP32,
    after: cursor === undefined ? undefined : { score: cursor.score, id: cursor.id },
  }
}

/** Each server is asked once, with all shards of which it is the first holder. */
function serversAsked(route: FanOutRequest['route']): number {
  return new Set([...route.values()].map(holders => holders[0])).size
}

function referenceTo({ index, indexUid, generation, version }: Manifest): ManifestReference {
  return { index, indexUid, generation, version }
}

function earlierByReserve(context: RequestContext): RequestContext {
  return context.earlier(Math.min(reserveMsMax, context.deadline.remainingMs * reserveShare))
}

function toHit({ id, score, passage }: FoundHit, documents: ReadonlyMap<string, FetchedDocument> | undefined): Hit {
  const document = documents?.get(id)
  assert(documents === undefined || document !== undefined, 'every winner was fetched')
  return { id, score: Number.isFinite(score) ? score : null, document, ...(passage && { passage }) }
}
