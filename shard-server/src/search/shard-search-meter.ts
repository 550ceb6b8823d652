import { type Meter, toHypershardError, unlabelled } from '@hypershard/common'
import { type FetchedDocument, SearchPlan, type ShardResult, StopReason } from '@hypershard/proto/shard'
import { flopsPerDocument, type QNetArchitecture } from '@hypershard/qnet'
import { scoringMetrics, shardSearchMetrics } from './metrics.ts'

/** Counts each search call once, however it ends, and each shard that it searched. */
export class ShardSearchMeter {
  readonly #searches
  readonly #seconds
  readonly #stageSeconds
  readonly #shards
  readonly #scored
  readonly #scanned
  readonly #walked
  readonly #flops
  readonly #nonFinite
  readonly #fetched

  constructor(meter: Meter) {
    this.#searches = meter.counter(shardSearchMetrics.searches)
    this.#seconds = meter.histogram(shardSearchMetrics.seconds)
    this.#stageSeconds = meter.histogram(shardSearchMetrics.stageSeconds)
    this.#shards = meter.counter(shardSearchMetrics.shards)
    this.#scored = meter.counter(scoringMetrics.scored)
    this.#scanned = meter.counter(scoringMetrics.scanned)
    this.#walked = meter.counter(scoringMetrics.walked)
    this.#flops = meter.counter(scoringMetrics.flops)
    this.#nonFinite = meter.counter(scoringMetrics.nonFinite)
    this.#fetched = meter.counter(scoringMetrics.fetched)
  }

  async measure<Answer>(search: () => Promise<Answer>): Promise<Answer> {
    const startMs = performance.now()
    let outcome = 'answered'
    try {
      return await search()
    } catch (error) {
      outcome = toHypershardError(error).code
      throw error
    } finally {
      this.#searches.add({ outcome })
      this.#seconds.observe(unlabelled, (performance.now() - startMs) / 1_000)
    }
  }

  /**
   * What one call found in its shards.
   * @param qnets that each document is scored by
   */
  noteShards(results: readonly ShardResult[], architecture: QNetArchitecture, qnets = 1): void {
    let scored = 0
    for (const result of results) {
      this.#shards.add({ plan: planNames[result.plan] ?? 'unknown', stop: stopNames[result.stopReason] ?? 'failed' })
      if (result.error !== undefined) continue
      scored += result.documentsScored
      this.#scanned.add(unlabelled, result.documentsScanned)
      this.#walked.add(unlabelled, result.documentsWalked)
      this.#nonFinite.add(unlabelled, result.nonFiniteScores)
      this.#stageSeconds.observe({ stage: 'queue' }, result.queueMs / 1_000)
      this.#stageSeconds.observe({ stage: 'score' }, result.scoreMs / 1_000)
      this.noteFetched(result.hits.map(({ document }) => document))
    }
    this.#scored.add(unlabelled, scored)
    this.#flops.add(unlabelled, scored * qnets * flopsPerDocument(architecture))
  }

  /** Documents that are given; undefined for those that are not. */
  noteFetched(documents: readonly (FetchedDocument | undefined)[]): void {
    this.#fetched.add(unlabelled, documents.filter(document => document !== undefined).length)
  }
}

const planNames: Readonly<Partial<Record<SearchPlan, string>>> = {
  [SearchPlan.SEARCH_PLAN_EXACT]: 'exact',
  [SearchPlan.SEARCH_PLAN_TANGENT]: 'tangent',
  [SearchPlan.SEARCH_PLAN_GRAPH]: 'graph',
}

const stopNames: Readonly<Partial<Record<StopReason, string>>> = {
  [StopReason.STOP_REASON_COMPLETE]: 'complete',
  [StopReason.STOP_REASON_DEADLINE]: 'deadline',
  [StopReason.STOP_REASON_CANCELLED]: 'cancelled',
}
