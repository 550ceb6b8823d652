import { createHash } from 'node:crypto'
import { HitCounts, type RequestContext } from '@hypershard/common'
import { pairsOfCallMax } from '@hypershard/proto/limits'
import { LRUCache } from 'lru-cache'
import type { EncoderPort, PairsToScore } from '../ports.ts'

export interface PairScore {
  readonly score: number
  /** The text was longer than the cross-encoder reads beside the query. */
  readonly truncated: boolean
}

export interface ScoredTexts {
  /** In the order of the texts. */
  readonly scores: readonly PairScore[]
  /** How many of them were not known. */
  readonly scored: number
}

/** Pairs of one call: few, so that the calls of one search are shared by the encoder services. */
const pairsOfCall = Math.min(16, pairsOfCallMax)

/** A key of 44 characters, the score, and what a map takes for both. An estimate on the high side. */
const entryBytes = 256

/** Some 65,000 pairs: the further pages of a reranked search, and the same query again with another filter, need no call. */
const bytesMax = 16 * 1024 * 1024

/**
 * How well texts answer a query, by a cross-encoder, with the scores that were asked for last kept: a pair's score depends
 * on nothing but the model and both texts.
 */
export class PairScores {
  readonly counts = new HitCounts()
  readonly bytesMax = bytesMax
  readonly #encoder: Pick<EncoderPort, 'scorePairs'>
  readonly #known = new LRUCache<string, PairScore>({ max: bytesMax / entryBytes })

  constructor(encoder: Pick<EncoderPort, 'scorePairs'>) {
    this.#encoder = encoder
  }

  /** What is kept, about. */
  get bytes(): number {
    return this.#known.size * entryBytes
  }

  /**
   * All scores or none: the first call that fails ends the others.
   * @throws HypershardError of the encoder service, `deadline_exceeded`, `cancelled`
   */
  async score({ modelDigest, query, texts }: PairsToScore, context: RequestContext): Promise<ScoredTexts> {
    const keys = texts.map(text => keyOf(modelDigest, query, text))
    const found = new Map(keys.map(key => [key, this.counts.note(this.#known.get(key))]))
    const missing = [...new Map(keys.map((key, at) => [key, texts[at]!]))].filter(
      ([key]) => found.get(key) === undefined,
    )
    const failed = new AbortController()
    const calls: Promise<void>[] = []
    for (let from = 0; from < missing.length; from += pairsOfCall) {
      const part = missing.slice(from, from + pairsOfCall)
      const pairs = { modelDigest, query, texts: part.map(([, text]) => text) }
      const call = this.#encoder.scorePairs(pairs, context.withSignal(failed.signal)).then(({ scores, truncated }) => {
        for (const [at, [key]] of part.entries()) {
          const score = { score: scores[at]!, truncated: truncated[at]! }
          found.set(key, score)
          this.#known.set(key, score)
        }
      })
      calls.push(call)
    }
    try {
      await Promise.all(calls)
    } finally {
      failed.abort()
    }
    return { scores: keys.map(key => found.get(key)!), scored: missing.length }
  }
}

function keyOf(modelDigest: string, query: string, text: string): string {
  return createHash('sha256')
    .update(JSON.stringify([modelDigest, query, text]))
    .digest('base64')
}
