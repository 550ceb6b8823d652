import type { GenerationRecord, PutDocument, StoredDocument } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import type { Text } from './encoded-batch.ts'

/** What is taken for one commit is to be encoded in about so long: so often a bulk load becomes searchable, in portions. */
const portionMsMin = 2_000

/** A portion takes longer where commits do: then they take about this share of the time, up to a bound. */
const commitShare = 0.1
const portionMsMax = 10_000

/** Calls of a portion to each encoder: others' documents get in between them. */
const callsOfPortion = 8

/** In characters. A generation begins with small portions, since nobody knows how fast its model is. */
const firstPortionCost = 32_000
const portionCostMin = 1_000
/** Three calls that are under way fill a batch of the encoder with short texts; smaller ones cost it more than they help. */
const callCostMin = 4_000

/** From one portion to the next, so that one that was held up, or lucky, decides little. */
const growthMax = 2
const shrinkMax = 4

/** Of encoding an empty text, in characters; and no model reads more of one than so many. */
const textCost = 100
const textCharactersMax = 2_000

/** Generations whose pace is known: more than are indexed at a time. */
const pacesMax = 1_000

/** What encoding a text costs, beside others: about its characters. */
export function costOf({ title, text }: Text): number {
  return textCost + Math.min(title.length + text.length, textCharactersMax)
}

/** Of a document that came with the vector it is indexed with. */
const ownVectorCost = 1

/** What indexing a document costs a generation of this model: the text is read only where the vector did not come along. */
export function indexingCostOf(document: StoredDocument | PutDocument, modelDigest: string): number {
  return hasOwnVector(document, modelDigest) ? ownVectorCost : costOf(document)
}

/** Whether the document came with a vector of this model. */
export function hasOwnVector({ vector }: Pick<PutDocument, 'vector'>, modelDigest: string): boolean {
  return vector?.model === modelDigest
}

/**
 * How much of a log to take at a time, by how long the last portions took. Whatever else goes on meanwhile, on this machine
 * or in the encoder, slows the portions down and so makes them smaller.
 */
export class EncodePace {
  /**
   * Operations of a portion while the range sample is not full: that is taken of the first documents, which must be the
   * same in every cluster that indexes the same log, however fast it is.
   */
  readonly firstOperations: number = 256
  #portionCost = firstPortionCost
  #commitMs = 0
  #measured = false

  /** Of what is taken for the next commit, once the range sample is full. */
  get portionCost(): number {
    return this.#portionCost
  }

  /** Of one call, where so many encoders share the work: each has as many calls of a portion as one alone. */
  callCostOf(encoders: number): number {
    return Math.max(callCostMin, this.#portionCost / (callsOfPortion * encoders))
  }

  /** @param took how long it was until all of it was encoded */
  noteEncoded({ cost, tookMs }: { cost: number; tookMs: number }): void {
    // A rest says little: it is over before the encoder is busy.
    if (cost < this.#portionCost / 2) return
    const portionMs = Math.min(portionMsMax, Math.max(portionMsMin, this.#commitMs / commitShare))
    const wanted = (cost / Math.max(1, tookMs)) * portionMs
    const bounded = Math.min(this.#portionCost * growthMax, Math.max(this.#portionCost / shrinkMax, wanted))
    this.#portionCost = Math.max(portionCostMin, this.#measured ? bounded : wanted)
    this.#measured = true
  }

  noteCommitted(tookMs: number): void {
    this.#commitMs = tookMs
  }
}

/** The paces of all generations that are worked on. */
export class EncodePaces {
  readonly #paces = new LRUCache<string, EncodePace>({ max: pacesMax })

  of({ indexUid, generation }: Pick<GenerationRecord, 'indexUid' | 'generation'>): EncodePace {
    const key = `${indexUid}/${generation}`
    const known = this.#paces.get(key)
    if (known !== undefined) return known
    const pace = new EncodePace()
    this.#paces.set(key, pace)
    return pace
  }
}
