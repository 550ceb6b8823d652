import type { Deadline } from '@hypershard/common'
import { chooseBatch } from './choose-batch.ts'

/** One text that waits to be encoded. */
export interface WaitingText {
  /** Texts of different groups never share a batch: another model is another graph. */
  readonly group: string
  /** Its length; a batch's padded size is counted in these. */
  readonly tokens: number
  /** Whose text it is, one object a call: callers take turns at beginning a batch. */
  readonly request: object
  readonly deadline: Pick<Deadline, 'cancelled' | 'passed'>
}

export interface BatchLimits {
  /** Padded tokens of one batch. */
  readonly tokenBudgetMax: number
}

export interface TakenBatch<Text> {
  /** Texts of one group, the shortest first; empty when nothing waits. */
  readonly batch: Text[]
  /** Texts that nobody waits for any more, met while looking; they are out of the queue too. */
  readonly gone: Text[]
}

/** How many waiting texts of one group are looked at for a batch: bounds a cut's cost in a long queue. */
export const lookedAtMax = 1024

/**
 * Texts waiting for the encoder, and the rule by which they are cut into batches: requests take turns, so that one of a
 * few texts waits for a batch of each other request and not for all their texts; the oldest text of the request whose turn
 * it is begins the batch, and texts of like length fill it, whose ever they are. Nothing runs in here. Bounded by the
 * admission gate that texts pass before.
 */
export class BatchQueue<Text extends WaitingText> {
  readonly #limits: BatchLimits
  /**
   * By request, the one whose turn is next first. Maps and sets keep their order and forget an entry in constant time.
   */
  readonly #waiting = new Map<object, Set<Text>>()

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  get size(): number {
    let texts = 0
    for (const own of this.#waiting.values()) texts += own.size
    return texts
  }

  add(text: Text): void {
    const own = this.#waiting.get(text.request)
    if (own === undefined) this.#waiting.set(text.request, new Set([text]))
    else own.add(text)
  }

  /** Takes a text out before its turn; false when it is not in the queue. */
  remove(text: Text): boolean {
    const own = this.#waiting.get(text.request)
    if (own === undefined || !own.delete(text)) return false
    if (own.size === 0) this.#waiting.delete(text.request)
    return true
  }

  /** The next batch. */
  take(): TakenBatch<Text> {
    const gone: Text[] = []
    const mates = this.#nextAndItsMates(gone)
    const [next] = mates
    if (next === undefined) return { batch: [], gone }
    const lengths = mates.map(text => text.tokens)
    const batch = chooseBatch(lengths, this.#limits.tokenBudgetMax).map(position => mates[position]!)
    for (const text of batch) this.remove(text)
    this.#giveTurnOn(next.request)
    return { batch, gone }
  }

  /** The text whose turn it is, first, and those that may go with it; none of them is gone. */
  #nextAndItsMates(gone: Text[]): Text[] {
    const mates: Text[] = []
    for (const own of this.#waiting.values()) {
      for (const text of own) {
        if (text.group !== (mates[0] ?? text).group) continue
        if (isGone(text)) this.#drop(text, gone)
        else mates.push(text)
        if (mates.length === lookedAtMax) return mates
      }
    }
    return mates
  }

  #giveTurnOn(request: object): void {
    const own = this.#waiting.get(request)
    if (own === undefined) return
    this.#waiting.delete(request)
    this.#waiting.set(request, own)
  }

  #drop(text: Text, gone: Text[]): void {
    this.remove(text)
    gone.push(text)
  }
}

function isGone(text: WaitingText): boolean {
  return text.deadline.cancelled || text.deadline.passed
}
