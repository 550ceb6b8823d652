import { type Clock, HypershardError, type RequestContext, type WorkGate } from '@hypershard/common'
import type { BatchLimits } from '../batching/batch-queue.ts'
import { DynamicBatcher } from '../batching/dynamic-batcher.ts'
import type { EncoderMeter } from '../batching/encoder-meter.ts'
import { partsOf } from '../encoding/parts-of.ts'
import type { LoadedCrossEncoder } from '../encoding/worker-protocol.ts'
import type { EncodingPort } from '../ports.ts'
import { traceBatch } from '../trace-batch.ts'
import { paddedLength } from './padded-length.ts'
import type { PairIds } from './pair-session.ts'
import type { TokenizedPair } from './pair-tokenizer.ts'

/** A query and the texts that each make a pair with it. */
export interface PairsToScore {
  readonly query: string
  readonly texts: readonly string[]
}

export interface ScoredPairs {
  /** In the order of the texts. */
  readonly scores: readonly number[]
  /** Of each text: it was longer than the room that there was for it. */
  readonly truncated: readonly boolean[]
  readonly queryTruncated: boolean
  readonly queueMs: number
  readonly runMs: number
}

/** Tokens that are put around a pair, at most. */
const specialTokens = 4

export interface PairScorerParts {
  readonly worker: EncodingPort
  readonly limits: BatchLimits
  readonly gate: WorkGate
  readonly clock: Clock
  readonly meter: EncoderMeter
}

/**
 * Scores pairs of a query and a text by cross-encoders: admit, tokenise, wait for a batch, score. Batches and the worker are
 * pairs' own, so that no query stands behind them.
 */
export class PairScorer {
  readonly models: readonly LoadedCrossEncoder[]
  readonly lane: DynamicBatcher<PairIds, number>
  readonly #parts: PairScorerParts

  constructor(parts: PairScorerParts) {
    const { worker, limits, clock, meter } = parts
    this.models = worker.crossEncoders
    this.#parts = parts
    this.lane = new DynamicBatcher({
      ...limits,
      onBatch: batch => meter.noteBatch('pair', batch),
      run: async (group, pairs) => [...(await worker.call('scorePairs', { model: Number(group), pairs }))],
      clock,
    })
  }

  /**
   * @param model its place in `models`
   * @throws HypershardError `overloaded`, `request_too_large`, `deadline_exceeded`, `cancelled`, `invalid_model`
   */
  score(model: number, { query, texts }: PairsToScore, context: RequestContext): Promise<ScoredPairs> {
    const { deadline } = context
    const { maxTokens } = this.#modelAt(model).settings.tokenizer
    const room = texts.reduce((sum, text) => sum + Math.min(maxTokens, query.length + text.length + specialTokens), 0)
    const score = async (): Promise<ScoredPairs> => {
      const tokenise = (inner: RequestContext) => this.#tokenize(model, { query, texts }, inner)
      const { pairs, queryTruncated } = await context.step('tokenise', tokenise)
      const works = pairs.map(({ ids, textFrom }) => ({
        tokens: paddedLength(ids.length, maxTokens),
        work: { ids, textFrom },
      }))
      const answer = await this.lane.submit({ group: String(model), deadline, texts: works })
      traceBatch(answer, context)
      const { answers: scores, queueMs, runMs } = answer
      return { scores, truncated: pairs.map(({ truncated }) => truncated), queryTruncated, queueMs, runMs }
    }
    return this.#parts.meter.measure('pair', () => this.#parts.gate.run(deadline, score, room))
  }

  async #tokenize(model: number, { query, texts }: PairsToScore, { deadline }: RequestContext) {
    const pairs: TokenizedPair[] = []
    let queryTruncated = false
    for (const part of partsOf(texts, text => text.length)) {
      deadline.check('tokenising the pairs')
      const tokenized = await this.#parts.worker.call('tokenizePairs', { model, query, texts: part })
      pairs.push(...tokenized.pairs)
      queryTruncated = tokenized.queryTruncated
    }
    return { pairs, queryTruncated }
  }

  #modelAt(place: number): LoadedCrossEncoder {
    const model = this.models[place]
    if (model === undefined) throw new HypershardError('internal', `there is no cross-encoder at place ${place}`)
    return model
  }
}
