/** A device without a thread whose scores are off by as much as a test wants. */
import { QNetScorer, readWeights } from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage/rows'
import { ownerOf } from '../cpu/stretch-rows.ts'
import type { DeviceThread } from '../device/device-calls.ts'
import type { ProbedCosts } from '../device/device-costs.ts'
import type { DeviceAnswer, DeviceRankTask, RankedChunk, ToDeviceThread } from '../device/messages.ts'
import type { SegmentToHold, SharedQNet } from '../ports.ts'

export class NoisyDevice implements DeviceThread {
  readonly asked: ToDeviceThread[] = []
  /** How it fails; undefined while it does not. */
  failure: Error | undefined
  /** What a probe finds. */
  costs: ProbedCosts | undefined
  /** Chunks until its time is up. */
  chunksMax = Number.POSITIVE_INFINITY
  readonly #segments: ReadonlyMap<string, SegmentToHold>
  readonly #noise: () => number
  /** Of the architecture that is asked for first; a test has one. */
  #scorer: QNetScorer | undefined

  /** @param segments that may be ranked */
  constructor(segments: readonly SegmentToHold[], noise: () => number) {
    this.#segments = new Map(segments.map(segment => [segment.key, segment]))
    this.#noise = noise
  }

  call(toMessage: (call: number) => ToDeviceThread) {
    const message = toMessage(1)
    this.asked.push(message)
    return { call: 1, answer: this.#answer(message) }
  }

  post(message: ToDeviceThread): void {
    this.asked.push(message)
  }

  async close(): Promise<void> {}

  async #answer(message: ToDeviceThread): Promise<DeviceAnswer> {
    if (this.failure !== undefined) throw this.failure
    if (message.type === 'rank') {
      const chunks: RankedChunk[] = []
      for (const [place, { key }] of message.work.segments.slice(0, this.chunksMax).entries()) {
        chunks.push(await this.#rank(message.work, place, this.#segments.get(key)!))
      }
      const stop = chunks.length < message.work.segments.length ? ('deadline' as const) : undefined
      return { result: { type: 'rank', ranking: { chunks, stop, tooLarge: false } }, queueMs: 0, workMs: 0 }
    }
    const result =
      message.type === 'hold'
        ? ({ type: 'held', magnitude: 1 } as const)
        : ({ type: 'ready', precision: 'f32', costs: this.costs } as const)
    return { result, queueMs: 0, workMs: 0 }
  }

  /** One chunk a segment. */
  async #rank(work: DeviceRankTask, place: number, segment: SegmentToHold): Promise<RankedChunk> {
    const { vectors, vectorStarts: starts } = segment
    const { by, count, ceiling, segments } = work
    const values = vectors as Float32Array
    const scores = by.kind === 'qnet' ? await this.#scoresOf(by.qnet, values) : productsOf(by.vectors[place]!, values)
    const { excluded, eligible } = segments[place]!
    const scored = Array.from(scores, (score, vector) => ({ vector, score: Math.fround(score + this.#noise()) }))
    const ranked = scored
      .filter(({ vector, score }) => score <= ceiling && !(excluded && hasBit(excluded, ownerOf(starts, vector))))
      .sort((a, b) => b.score - a.score)
    const best = ranked.slice(0, count)
    return {
      segment: place,
      vectors: Int32Array.from(best, ({ vector }) => vector),
      scores: Float32Array.from(best, ({ score }) => score),
      left: ranked[count]?.score ?? Number.NEGATIVE_INFINITY,
      eligible,
    }
  }
  async #scoresOf({ architecture, precision, weights }: SharedQNet, vectors: Float32Array): Promise<Float32Array> {
    this.#scorer ??= new QNetScorer(architecture)
    const scorer = await this.#scorer.prepareFp32(readWeights(architecture, weights.bytes, precision))
    return scorer.score(vectors)
  }
}

function productsOf(vector: Float32Array, vectors: Float32Array): Float32Array {
  const width = vector.length
  return Float32Array.from({ length: vectors.length / width }, (_, at) => {
    return vector.reduce((sum, value, dimension) => sum + value * vectors[at * width + dimension]!, 0)
  })
}
