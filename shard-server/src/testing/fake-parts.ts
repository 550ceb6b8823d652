/** What a holder and a search work with, without threads. */
import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import type { Bitmap, Fields, ObjectStore, SegmentReference } from '@hypershard/storage'
import type { RowFilter } from '../filtering/row-filter.ts'
import { type HoldingPlaces, type LoadedSegment, readSegment } from '../holding/read-segment.ts'
import type { SegmentLoader } from '../holding/segment-loader.ts'
import type {
  HeldRow,
  LeafScores,
  ScanAnswer,
  ScanRequest,
  ScoredRows,
  ScoringBackend,
  SegmentToHold,
} from '../ports.ts'
import type { WordSearcher } from '../words/word-searcher.ts'

/** Notes what it is told, and refuses segments while it is told to. It scores no document: shards have no hits. */
export class FakeBackend implements ScoringBackend {
  readonly device = 'none'
  readonly kernel = 'none'
  readonly deviceMemory = undefined
  readonly held = new Set<string>()
  readonly requests: ScanRequest[] = []
  refuses = false

  async hold({ key }: Pick<SegmentToHold, 'key'>): Promise<void> {
    if (this.refuses) throw new HypershardError('internal', 'told to fail')
    this.held.add(key)
  }

  drop(key: string): void {
    this.held.delete(key)
  }

  async scan(request: ScanRequest): Promise<ScanAnswer> {
    this.requests.push(request)
    const nothing = { documentsScanned: 0, documentsWalked: 0, nonFiniteScores: 0, scoreMs: 0 }
    const scans = request.shards.map(({ shard, segments }) => ({
      ...nothing,
      shard,
      hits: [],
      documentsScored: segments.reduce((sum, { eligible }) => sum + eligible, 0),
      plan: 'exact' as const,
      stop: 'complete' as const,
    }))
    return { scans, queueMs: 0 }
  }

  async score(...[, , rows]: Parameters<ScoringBackend['score']>): Promise<ScoredRows> {
    return { scores: new Float32Array(rows.length), passages: undefined, stop: undefined, workMs: 0 }
  }

  async leafScores({ composed }: ScanRequest, rows: readonly HeldRow[]): Promise<LeafScores> {
    const scores = new Float32Array(rows.length * composed!.leaves.length)
    return { scores, deciding: new Uint8Array(rows.length) }
  }

  async close(): Promise<void> {}
}

/** Reads segments on the thread that asks, and refuses them while it is told to. */
export class FakeLoader implements Pick<SegmentLoader, 'load'> {
  readonly loads: string[] = []
  refuses = false
  readonly #store: ObjectStore
  readonly #places: HoldingPlaces

  constructor(store: ObjectStore, scratch: string) {
    this.#store = store
    this.#places = { vectors: 'memory', scratch }
  }

  async load(segment: SegmentReference, fields: Fields): Promise<LoadedSegment> {
    this.loads.push(segment.digest)
    if (this.refuses) throw new HypershardError('corrupt_data', 'told to fail')
    return readSegment(this.#store, segment, fields, this.#places)
  }
}

/** For searches without a filter. */
export const noFilter: Pick<RowFilter, 'hold' | 'drop' | 'select' | 'count' | 'group' | 'sort' | 'values'> = {
  hold: () => undefined,
  drop: () => undefined,
  select: (): Promise<Bitmap> => Promise.reject(new Error('a filter was asked for')),
  count: () => Promise.reject(new Error('a facet was asked for')),
  sort: () => Promise.reject(new Error('an order was asked for')),
  group: () => Promise.reject(new Error('groups were asked for')),
  values: () => Promise.reject(new Error('values were asked for')),
}

/** For indexes that keep no words. */
export const noWords: Pick<WordSearcher, 'hold' | 'drop' | 'rank' | 'score'> = {
  hold: () => assert.fail('words were given'),
  drop: () => undefined,
  rank: () => Promise.reject(new Error('words were asked for')),
  score: () => Promise.reject(new Error('words were asked for')),
}

export const noWarmUp = Object.freeze({ run: async () => undefined })
