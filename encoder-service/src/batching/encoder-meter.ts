import { byLabel, type Meter, toHypershardError } from '@hypershard/common'
import type { Lane } from '../encoding/worker-protocol.ts'
import type { BatcherStatistics, EndedBatch } from './dynamic-batcher.ts'
import { batchMetrics, encoderMetrics } from './metrics.ts'

/** What a lane tells of itself. */
interface CountedLane {
  readonly statistics: BatcherStatistics
  readonly waiting: number
}

/** Counts each request and each batch once, however it ends. */
export class EncoderMeter {
  readonly #requests
  readonly #requestSeconds
  readonly #batchSeconds
  readonly #batchTexts
  readonly #batchTokens
  readonly #meter: Meter

  constructor(meter: Meter) {
    this.#meter = meter
    this.#requests = meter.counter(encoderMetrics.requests)
    this.#requestSeconds = meter.histogram(encoderMetrics.requestSeconds)
    this.#batchSeconds = meter.histogram(batchMetrics.batchSeconds)
    this.#batchTexts = meter.histogram(batchMetrics.batchTexts)
    this.#batchTokens = meter.histogram(batchMetrics.batchTokens)
  }

  async measure<Answer>(lane: Lane, encode: () => Promise<Answer>): Promise<Answer> {
    const startMs = performance.now()
    let outcome = 'encoded'
    try {
      return await encode()
    } catch (error) {
      outcome = toHypershardError(error).code
      throw error
    } finally {
      this.#requests.add({ lane, outcome })
      this.#requestSeconds.observe({ lane }, (performance.now() - startMs) / 1_000)
    }
  }

  noteBatch(lane: Lane, { texts, tokens, runMs }: EndedBatch): void {
    this.#batchSeconds.observe({ lane }, runMs / 1_000)
    this.#batchTexts.observe({ lane }, texts)
    this.#batchTokens.observe({ lane }, tokens)
  }

  /** Has read what the lanes count for themselves. */
  readLanes(lanes: Readonly<Record<Lane, CountedLane>>): void {
    const ofEach = (amountOf: (lane: CountedLane) => number) => () =>
      byLabel('lane', {
        query: amountOf(lanes.query),
        document: amountOf(lanes.document),
        pair: amountOf(lanes.pair),
      })
    const { waitingTexts, texts, tokens, paddedTokens, dropped } = batchMetrics
    this.#meter.read(
      waitingTexts,
      ofEach(({ waiting }) => waiting),
    )
    this.#meter.read(
      texts,
      ofEach(({ statistics }) => statistics.texts),
    )
    this.#meter.read(
      tokens,
      ofEach(({ statistics }) => statistics.tokens),
    )
    this.#meter.read(
      paddedTokens,
      ofEach(({ statistics }) => statistics.paddedTokens),
    )
    this.#meter.read(
      dropped,
      ofEach(({ statistics }) => statistics.dropped),
    )
  }
}
