/** The main thread's side of the filter thread, and the row sets that filters in use have selected. */
import { hash } from 'node:crypto'
import {
  type Deadline,
  type Histogram,
  HitCounts,
  type Logger,
  type Meter,
  quietMeter,
  unlabelled,
  waitWithin,
} from '@hypershard/common'
import { Filter, type ValueCounts } from '@hypershard/proto/shard'
import type { Bitmap, ExactValue } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type {
  CountWish,
  FoundGroups,
  FoundInOrder,
  HeldColumns,
  SheetOfSegment,
  ToFilterThread,
  ValuesWish,
} from './filter-thread.ts'
import type { GroupWish } from './group-rows.ts'
import { filterMetrics } from './metrics.ts'
import type { SortWish } from './sort-rows.ts'

/** Of the row sets kept for the next query with the same filter: a bit a row. */
const keptBytesMaxDefault = 64 * 1024 * 1024

export interface RowFilterOptions {
  readonly keptBytesMax?: number
  readonly log: Logger
  readonly meter?: Meter
  /** The thread died. */
  readonly onDeath: (error: Error) => void
}

interface KeptRows {
  readonly segment: string
  readonly selecting: Promise<Bitmap>
  readonly bytes: number
}

/** Selects rows of the segments that it was given. A filter's answer is kept while there is room: most come again. */
export class RowFilter {
  readonly counts = new HitCounts()
  readonly bytesMax: number
  readonly #selectSeconds: Histogram<never>
  readonly #calls: ThreadCalls<ToFilterThread, Bitmap | ValueCounts[] | FoundGroups | FoundInOrder | ExactValue[][][]>
  /** By segment and filter. */
  readonly #kept: LRUCache<string, KeptRows>

  constructor({ log, meter = quietMeter, onDeath, keptBytesMax = keptBytesMaxDefault }: RowFilterOptions) {
    this.bytesMax = keptBytesMax
    this.#selectSeconds = meter.histogram(filterMetrics.selectSeconds)
    this.#kept = new LRUCache({ maxSize: keptBytesMax, sizeCalculation: ({ bytes }) => bytes })
    const file = new URL('./filter-thread.ts', import.meta.url)
    this.#calls = new ThreadCalls({ name: 'filter', file, workerData: undefined, log, onDeath })
  }

  /** Of the row sets kept. */
  get bytes(): number {
    return this.#kept.calculatedSize
  }

  /** Makes a segment known. Columns and ids lie in shared memory and are not copied. */
  hold(key: string, segment: HeldColumns): void {
    this.#calls.post({ type: 'hold', key, segment })
  }

  drop(key: string): void {
    this.#calls.post({ type: 'drop', key })
    for (const [name, { segment }] of this.#kept) if (segment === key) this.#kept.delete(name)
  }

  /**
   * The rows of a segment that pass the filter, deleted or not.
   * @throws HypershardError `invalid_request`, `deadline_exceeded`
   */
  select(segment: string, filter: Filter, deadline: Deadline): Promise<Bitmap> {
    // One document's row set is as large as any, and hardly ever asked for again.
    if (filter.kind?.$case === 'ids') return waitWithin(this.#select(segment, filter), deadline, 'finding documents')
    const name = `${segment} ${hash('sha256', Filter.encode(filter).finish(), 'hex')}`
    return waitWithin(this.#selecting(segment, filter, name), deadline, 'filtering')
  }

  /**
   * How many documents have each value of a field, over some segments together.
   * @returns by field
   * @throws HypershardError `invalid_request`, `deadline_exceeded`
   */
  count(wish: CountWish, deadline: Deadline): Promise<ValueCounts[]> {
    const { answer } = this.#calls.call(call => ({ type: 'count', call, wish }))
    return waitWithin(answer as Promise<ValueCounts[]>, deadline, 'counting values')
  }

  /**
   * The groups of a shard's documents with the best, of those that were scored.
   * @throws HypershardError `invalid_request`, `deadline_exceeded`
   */
  group(segments: readonly SheetOfSegment[], wish: GroupWish, deadline: Deadline): Promise<FoundGroups> {
    const { answer } = this.#calls.call(call => ({ type: 'group', call, segments, wish }))
    return waitWithin(answer as Promise<FoundGroups>, deadline, 'grouping')
  }

  /**
   * The documents of a shard that come first by fields, of those that were scored.
   * @throws HypershardError `invalid_request`, `deadline_exceeded`
   */
  sort(segments: readonly SheetOfSegment[], wish: SortWish, deadline: Deadline): Promise<FoundInOrder> {
    const { answer } = this.#calls.call(call => ({ type: 'sort', call, segments, wish }))
    return waitWithin(answer as Promise<FoundInOrder>, deadline, 'sorting')
  }

  /**
   * What some rows have of a field.
   * @returns by segment, then by row: each value once
   * @throws HypershardError `invalid_request`, `deadline_exceeded`
   */
  values(wish: ValuesWish, deadline: Deadline): Promise<ExactValue[][][]> {
    const { answer } = this.#calls.call(call => ({ type: 'values', call, wish }))
    return waitWithin(answer as Promise<ExactValue[][][]>, deadline, 'reading values')
  }

  close(): Promise<void> {
    return this.#calls.close()
  }

  #selecting(segment: string, filter: Filter, name: string): Promise<Bitmap> {
    const known = this.counts.note(this.#kept.get(name))
    if (known !== undefined) return known.selecting
    const startMs = performance.now()
    const selecting = this.#select(segment, filter)
    // How many bytes it takes is known once it is there; until then it counts next to nothing.
    const kept = { segment, selecting, bytes: 1 }
    this.#kept.set(name, kept)
    const isKept = () => this.#kept.peek(name) === kept
    selecting.then(
      ({ byteLength }) => {
        this.#selectSeconds.observe(unlabelled, (performance.now() - startMs) / 1_000)
        if (isKept()) this.#kept.set(name, { segment, selecting, bytes: Math.max(1, byteLength) })
      },
      () => isKept() && this.#kept.delete(name),
    )
    return selecting
  }

  #select(segment: string, filter: Filter): Promise<Bitmap> {
    return this.#calls.call(call => ({ type: 'select', call, key: segment, filter })).answer as Promise<Bitmap>
  }
}
