/** wait for shards → make up a search, one at a time → stop when they have become as fast as they will. */
import { createHash } from 'node:crypto'
import {
  type Clock,
  Deadline,
  type Logger,
  pauseBy,
  RequestContext,
  silentLogger,
  waitWithin,
} from '@hypershard/common'
import { type QNetArchitecture, weightsBytes } from '@hypershard/qnet'
import { searchAnswerJson } from '../answers/search-json.ts'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { ShardWarmer } from '../cluster/shard-warmer.ts'
import type { EncoderPort } from '../ports.ts'
import { AnswerCache } from '../search/answer-cache.ts'
import { FanOutRecord } from '../search/fan-out-record.ts'
import { PairScores } from '../search/pair-scores.ts'
import { QueryEncoder } from '../search/query-encoder.ts'
import { type SearchParts, search } from '../search/search.ts'
import { searchInputOf } from '../search/search-input.ts'
import { externalScorerOf } from '../vectors/external-model-of.ts'
import type { OwnQuery } from '../vectors/own-query.ts'
import { WordCounts } from '../words/word-counts.ts'
import { hasSettled, warmUpSearches } from './has-settled.ts'

/** How long it waits for servers that live to say that they have loaded their shards, which takes milliseconds if they have. */
const loadedMsMax = 500
const lookMs = 10
/** Indexes that take turns, the largest; or models, where no index can be searched. */
const targetsMax = 4
/** So many failures one after the other tell that there is no more to be had now. */
const failuresMax = 2

/** Made for its searches alone, so that nobody else's are counted or kept. */
type OwnParts = 'queryEncoder' | 'answers' | 'fanOuts' | 'pairScores' | 'wordCounts'

export interface WarmUpParts extends Omit<SearchParts, OwnParts> {
  readonly warmer: Pick<ShardWarmer, 'coldShards'>
  readonly encoder: EncoderPort
}

export interface WarmUpOptions {
  /** It ends by then, whatever hangs; 0 makes no search. */
  readonly msMax: number
  readonly log: Logger
  readonly clock?: Clock
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

/** A made-up search, or as much of one as can be done. */
type MadeUpSearch = (text: string, context: RequestContext) => Promise<unknown>

/**
 * Searches what this coordinator serves before anyone can reach it, so that code is compiled and connections are open when
 * the first user comes, and it is known which form of a query costs less. Nobody's searches are counted, hedged, slowed
 * down or answered by these: what they leave is in memory of their own. Never rejects for what it cannot reach.
 */
export async function warmUp(
  parts: WarmUpParts,
  { msMax, log, clock, random = Math.random }: WarmUpOptions,
): Promise<void> {
  if (msMax === 0) return
  const deadline = Deadline.after(msMax, clock && { clock })
  const context = new RequestContext({ deadline, log: silentLogger() })
  const tookMs: number[] = []
  let failures = 0
  let failure: unknown
  try {
    await untilLoaded(parts, deadline.within(loadedMsMax))
    const targets = await targetsOf(parts, context)
    while (targets.length > 0 && !deadline.passed && !isOver(tookMs, failures)) {
      const startMs = deadline.clock.monotonicMs()
      try {
        await targets[tookMs.length % targets.length]!(madeUpText(random), context)
        failures = 0
      } catch (error) {
        failures++
        failure = error
      }
      tookMs.push(deadline.clock.monotonicMs() - startMs)
    }
  } catch (error) {
    failure = error
  }
  log.debug({ searches: tookMs.length, tookMs: msMax - deadline.remainingMs, err: failure }, 'warmed up')
}

function isOver(tookMs: readonly number[], failures: number): boolean {
  return failures >= failuresMax || tookMs.length >= warmUpSearches.max || hasSettled(tookMs)
}

/** No wait where no server lives: the cluster begins, or has lost them all. */
async function untilLoaded({ cluster, warmer }: WarmUpParts, deadline: Deadline): Promise<void> {
  while (!deadline.passed && warmer.coldShards().length > 0 && cluster.members.some(({ live }) => live)) {
    await pauseBy(deadline.clock, lookMs)
  }
}

async function targetsOf(parts: WarmUpParts, { deadline }: RequestContext): Promise<MadeUpSearch[]> {
  const cold = new Set(parts.warmer.coldShards().map(({ index }) => index))
  const searchable = parts.catalog.listIndexes().filter(entry => !cold.has(entry.record.name) && documentsOf(entry) > 0)
  const own = {
    ...parts,
    queryEncoder: new QueryEncoder(parts.encoder, { cacheBytesMax: 0 }),
    answers: new AnswerCache(0),
    fanOuts: new FanOutRecord(Math.random, 0),
    pairScores: new PairScores(parts.encoder),
    wordCounts: new WordCounts(),
  }
  if (searchable.length === 0) {
    const models = await waitWithin(parts.encoder.listModels(deadline), deadline, 'listing models')
    return models.slice(0, targetsMax).map(({ digest }) => encodingOf(digest, own))
  }
  const largest = searchable.toSorted((a, b) => documentsOf(b) - documentsOf(a)).slice(0, targetsMax)
  return largest.map(entry => searchOf(entry, own))
}

function documentsOf({ manifest }: CatalogEntry): number {
  return eligibleByShard(manifest).reduce((sum, documents) => sum + documents, 0)
}

function searchOf({ record, generation }: CatalogEntry, parts: SearchParts): MadeUpSearch {
  const architecture = externalScorerOf(generation.model)
  return async (query, context) => {
    const input = searchInputOf(record.name, { query, cache: false })
    const own = architecture && madeUpQNet(architecture, query)
    const answer = await search({ ...input, own }, context, parts)
    return JSON.stringify(searchAnswerJson(answer))
  }
}

function encodingOf(modelDigest: string, { queryEncoder, queryForms }: SearchParts): MadeUpSearch {
  return (text, context) => queryEncoder.encode({ modelDigest, text, form: queryForms.choose(modelDigest) }, context)
}

/** Where nothing encodes a text: the text's digest, again and again, as weights, which are small in f16. */
function madeUpQNet(architecture: QNetArchitecture, text: string): OwnQuery {
  const digest = createHash('sha256').update(text).digest()
  const halves = new Float16Array(weightsBytes(architecture, 'f16') / 2).map((_, at) => digest[at % 32]! / 256 - 0.5)
  const facts = { weights: '', form: 'weights', precision: 'f16' } as const
  return { kind: 'qnet', name: text, qnet: facts, bytes: new Uint8Array(halves.buffer) }
}

/** Another one each time: a shard server that knows a query does less for it. */
function madeUpText(random: () => number): string {
  return `made up to warm up ${random().toString(36).slice(2, 10)}`
}
