import { HypershardError, type RequestContext } from '@hypershard/common'
import { type GenerationOfModel, modelNotServed, type NamedModel } from '@hypershard/storage'
import type { ModelKeeper } from '../../catalog/model-keeper.ts'
import type { ModelRegistry } from '../../catalog/model-registry.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { encodeOwnQuery } from '../../vectors/own-query.ts'
import { scoredBy } from '../../vectors/scored-by.ts'
import { type CountOutcome, countWords } from '../../words/count-words.ts'
import type { PinnedWords } from '../../words/pin-words.ts'
import { weighTerms } from '../../words/query-words.ts'
import type { WordCounts } from '../../words/word-counts.ts'
import { encodeComposed, textsOf } from '../composed/encode-composed.ts'
import { fanOut } from '../fan-out.ts'
import type { FanOutRecord } from '../fan-out-record.ts'
import type { FanOutOutcome, FanOutRequest } from '../fan-out-request.ts'
import type { EncodedQueryAndOrigin, QueryEncoder } from '../query-encoder.ts'
import type { MeasuredQuery, QueryForm, QueryForms } from '../query-forms.ts'
import { isComposed, isTokenStates, payloadBytes } from '../query-payload.ts'
import type { SearchInput } from '../search-input.ts'
import type { Stopwatch } from '../search-profile.ts'
import { type Pinned, planFanOut, planRoute, referenceTo } from './plan-fan-out.ts'

/** What asking takes. */
export interface AskingParts {
  readonly cluster: Cluster
  readonly queryEncoder: QueryEncoder
  readonly queryForms: QueryForms
  readonly fanOuts: FanOutRecord
  readonly modelKeeper: Pick<ModelKeeper, 'mend'>
  readonly models: Pick<ModelRegistry, 'list'>
  readonly wordCounts: WordCounts
}

/**
 * The time that shards must leave for merge, fetch and answer: a tenth of what there is, at most 200 ms. Without it a
 * shard server that hangs would use up all the time, and the others' partial answer would be lost.
 */
const reserveShare = 0.1
const reserveMsMax = 200

interface AskingFlow {
  readonly context: RequestContext
  readonly watch: Stopwatch
  readonly change?: (planned: FanOutRequest) => FanOutRequest
}

export interface Asked {
  readonly query: EncodedQueryAndOrigin
  readonly request: FanOutRequest
  readonly outcome: FanOutOutcome
}

/**
 * Encodes in the form that costs less, and in the other one when a server cannot use that.
 * @param change makes of what is planned what is asked for
 */
export async function askShards(
  input: SearchInput,
  pinned: Pinned,
  { context, watch, change = planned => planned }: AskingFlow,
  parts: AskingParts,
): Promise<Asked> {
  const { modelDigest } = pinned.manifest
  const { queryForms, queryEncoder, modelKeeper } = parts
  const askWith = async (encode: (inner: RequestContext) => Promise<EncodedQueryAndOrigin>): Promise<Asked> => {
    const [query, words] = await Promise.all([
      context.step('encode', encode).catch(naming(pinned.entry.generation)),
      pinned.words && countOf(pinned, pinned.words, context, parts),
    ])
    watch.lap('encode')
    const nowMs = context.deadline.clock.monotonicMs()
    const planned = planFanOut(input, pinned, { payload: query.payload, cluster: parts.cluster, nowMs })
    const request = change(pinned.words && words ? withWords(planned, pinned.words, words) : planned)
    const outcome = await fanOutInTime(request, context, parts.fanOuts)
    for (const [shard, failure] of words?.failures ?? []) outcome.failures.set(shard, failure)
    watch.lap('fanOut')
    return { query, request, outcome }
  }
  const { own, composed } = input
  const scored = await scoredBy(pinned.entry.generation, input, parts.models, context.deadline)
  if (own !== undefined) return askWith(async () => encodeOwnQuery(own, scored!))
  const texts = textsOf(input)
  const ask = (form: QueryForm) => {
    const others = queryForms.isSmall(modelDigest, form) ? [...texts, ...(input.encodedWith ?? [])] : []
    return askWith(async inner => {
      const query = await (composed === undefined
        ? queryEncoder.encode({ modelDigest, form, text: input.query }, inner, others)
        : encodeComposed(composed, { modelDigest, form, scored, others }, inner, queryEncoder))
      tellForm(query, inner)
      return query
    })
  }
  const asked = await ask(queryForms.choose(modelDigest))
  const isOfStates = isTokenStates(asked.query.payload)
  if (isOfStates && [...asked.outcome.failedCalls].some(meansNoHead)) {
    queryForms.refuse(modelDigest)
    modelKeeper.mend(modelDigest)
    for (const text of texts) queryEncoder.forget({ modelDigest, text, form: 'tokenStates' })
    const lost = [...asked.outcome.failures.values()].some(({ code }) => meansNoHead(code))
    return lost ? ask('weights') : asked
  }
  const measured = measuredQuery(asked)
  if (measured !== undefined) queryForms.learn(modelDigest, isOfStates ? 'tokenStates' : 'weights', measured)
  return asked
}

/** While the query is encoded. */
function countOf(
  pinned: Pinned,
  { terms, filter }: PinnedWords,
  context: RequestContext,
  { cluster, wordCounts }: AskingParts,
): Promise<CountOutcome> {
  const route = planRoute(pinned, cluster, context.deadline.clock.monotonicMs())
  return countWords({ manifest: referenceTo(pinned.manifest), route, terms, filter }, context, wordCounts)
}

/** A shard whose words nobody has counted is not asked: its documents would be scored by those of others. */
function withWords(planned: FanOutRequest, words: PinnedWords, { statistics, failures }: CountOutcome): FanOutRequest {
  const route = new Map([...planned.route].filter(([shard]) => !failures.has(shard)))
  return { ...planned, route, words: weighTerms(words, statistics) }
}

function tellForm({ payload, cached }: EncodedQueryAndOrigin, { trace }: RequestContext): void {
  const form = isTokenStates(payload) ? 'tokenStates' : 'weights'
  if (trace.recording) trace.set({ 'hypershard.cached': cached, 'hypershard.query_form': form })
}

/** What a shard server answers that cannot make q-nets of the model's token states. */
function meansNoHead(code: string): boolean {
  return code === 'model_not_found' || code === 'invalid_model'
}

/** Undefined for a query that some server may have known, and for one of several, of which too little is known of each. */
function measuredQuery({ query, outcome }: Asked): MeasuredQuery | undefined {
  if (query.cached || isComposed(query.payload) || outcome.answers.size === 0) return undefined
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

/** Asks the shards, and leaves time for what comes after. */
export function fanOutInTime(
  request: FanOutRequest,
  context: RequestContext,
  record: FanOutRecord,
): Promise<FanOutOutcome> {
  return earlierByReserve(context).step('fan out', inner => fanOut(request, inner, record))
}

/** For calls of shard servers. */
export function earlierByReserve(context: RequestContext): RequestContext {
  return context.earlier(Math.min(reserveMsMax, context.deadline.remainingMs * reserveShare))
}
