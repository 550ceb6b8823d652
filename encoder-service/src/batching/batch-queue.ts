import type { Deadline } from '@hypershard/common'
import { chooseBatch } from './choose-batch.ts'

/** Somebody waits for a query's answer; documents are indexed in the background. Queries come first. */
const lanes = ['query', 'document'] as const
export type Lane = (typeof lanes)[number]

/** One text that waits to be encoded. */
export interface WaitingText {
  readonly lane: Lane
  /** Texts of different groups never share a batch: another model is another graph. */
  readonly group: string
  /** Its length; a batch's padded size is counted in these. */
  readonly tokens: number
  readonly arrivedMs: number
  readonly deadline: Pick<Deadline, 'cancelled' | 'passed'>
}

export interface BatchLimits {
  /** Padded tokens of one batch. */
  readonly tokenBudgetMax: number
  /** How long the oldest text waits for others to share its batch. */
  readonly delayMsMax: number
}

export interface TakenBatch<Text> {
  /** Texts of one lane and group, the shortest first; empty when no batch is due yet. */
  readonly batch: Text[]
  /** Texts that nobody waits for any more, met while looking; they are out of the queue too. */
  readonly gone: Text[]
}

/** Documents get a batch after this many batches of queries in a row, so that they cannot starve. */
export const queryBatchesInARowMax = 4

/** How many waiting texts of one group are looked at for a batch: bounds a cut's cost in a long queue. */
export const lookedAtMax = 1024

/**
 * Texts waiting for the encoder, and the rule by which they are cut into batches. No time passes and nothing runs in
 * here: the caller says what time it is. Bounded by the admission gate that texts pass before.
 */
export class BatchQueue<Text extends WaitingText> {
  readonly #limits: BatchLimits
  /** Sets keep the order of arrival and forget an entry in constant time. */
  readonly #waiting: Readonly<Record<Lane, Set<Text>>> = { query: new Set(), document: new Set() }
  #queryBatchesInARow = 0

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#waiting.query.size + this.#waiting.document.size
  }

  add(text: Text): void {
    this.#waiting[text.lane].add(text)
  }

  /** Takes a text out before its turn; false when it is not in the queue. */
  remove(text: Text): boolean {
    return this.#waiting[text.lane].delete(text)
  }

  /** The next batch that is due at `nowMs`. */
  take(nowMs: number): TakenBatch<Text> {
    const gone: Text[] = []
    for (const lane of lanes) this.#dropGoneHead(lane, gone)
    const due = lanes.filter(lane => this.#readyInMs(lane, nowMs) === 0)
    const lane = due.length === 2 && this.#queryBatchesInARow >= queryBatchesInARowMax ? 'document' : due[0]
    if (lane === undefined) return { batch: [], gone }
    this.#queryBatchesInARow = lane === 'query' ? this.#queryBatchesInARow + 1 : 0
    const mates = this.#matesOfOldest(lane, gone)
    const lengths = mates.map(text => text.tokens)
    const batch = chooseBatch(lengths, this.#limits.tokenBudgetMax).map(position => mates[position]!)
    for (const text of batch) this.remove(text)
    return { batch, gone }
  }

  /** Milliseconds until a batch is due if nothing else arrives; undefined when nothing waits. */
  readyInMs(nowMs: number): number | undefined {
    const times = lanes.flatMap(lane => this.#readyInMs(lane, nowMs) ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  #readyInMs(lane: Lane, nowMs: number): number | undefined {
    const oldest = first(this.#waiting[lane])
    if (oldest === undefined) return undefined
    const waitMs = oldest.arrivedMs + this.#limits.delayMsMax - nowMs
    return waitMs <= 0 || this.#fillsABatch(lane, oldest.group) ? 0 : waitMs
  }

  #fillsABatch(lane: Lane, group: string): boolean {
    let tokens = 0
    for (const text of this.#waiting[lane]) {
      if (text.group === group) tokens += text.tokens
      if (tokens >= this.#limits.tokenBudgetMax) return true
    }
    return false
  }

  /** The texts that may go with the oldest of a lane, the oldest first; the oldest itself is not gone. */
  #matesOfOldest(lane: Lane, gone: Text[]): Text[] {
    const mates: Text[] = []
    for (const text of this.#waiting[lane]) {
      if (text.group !== (mates[0] ?? text).group) continue
      if (isGone(text)) this.#drop(text, gone)
      else mates.push(text)
      if (mates.length === lookedAtMax) break
    }
    return mates
  }

  #dropGoneHead(lane: Lane, gone: Text[]): void {
    for (const text of this.#waiting[lane]) {
      if (!isGone(text)) return
      this.#drop(text, gone)
    }
  }

  #drop(text: Text, gone: Text[]): void {
    this.remove(text)
    gone.push(text)
  }
}

function isGone(text: WaitingText): boolean {
  return text.deadline.cancelled || text.deadline.passed
}

function first<Value>(values: Set<Value>): Value | undefined {
  for (const value of values) return value
  return undefined
}
