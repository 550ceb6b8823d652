import { createHash } from 'node:crypto'
import { HitCounts } from '@hypershard/common'
import { Filter, type ManifestReference } from '@hypershard/proto/shard'
import { LRUCache } from 'lru-cache'
import { generationUid } from '../cluster/placement-of.ts'
import type { WordStatistics } from './query-words.ts'

/** Of all that is kept: about 50,000 queries of ten words. */
const keptBytesMax = 8 * 1024 * 1024
/** Of one beside its numbers, about. */
const entryBytes = 80
const numberBytes = 8

/** What counts are of: the documents of a manifest version, or those of them that pass a filter. */
export interface CountedWords {
  readonly manifest: ManifestReference
  readonly filter: Filter | undefined
  readonly terms: readonly string[]
}

/** Counts of words that every shard has told, for who asks the same: a manifest version never changes, and so they hold. */
export class WordCounts {
  readonly counts = new HitCounts()
  readonly bytesMax = keptBytesMax
  readonly #kept = new LRUCache<string, WordStatistics>({
    maxSize: keptBytesMax,
    sizeCalculation: ({ documentCounts }) => entryBytes + documentCounts.length * numberBytes,
  })

  /** What it holds, about. */
  get bytes(): number {
    return this.#kept.calculatedSize
  }

  get(counted: CountedWords): WordStatistics | undefined {
    return this.counts.note(this.#kept.get(keyOf(counted)))
  }

  keep(counted: CountedWords, statistics: WordStatistics): void {
    this.#kept.set(keyOf(counted), statistics)
  }
}

/** By content, so that many terms cost no more than few. */
function keyOf({ manifest, filter, terms }: CountedWords): string {
  const filterHex = filter === undefined ? '' : Buffer.from(Filter.encode(filter).finish()).toString('hex')
  const content = JSON.stringify([generationUid(manifest), manifest.version, filterHex, terms])
  return createHash('sha256').update(content).digest('base64')
}
