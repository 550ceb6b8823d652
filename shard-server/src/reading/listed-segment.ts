import { hash } from 'node:crypto'
import type { RequestContext } from '@hypershard/common'
import { Filter } from '@hypershard/proto/shard'
import {
  type DocumentsReader,
  hasBit,
  type Manifest,
  type ObjectStore,
  openSegment,
  type SegmentReader,
  segmentAt,
  subtractBitmap,
  tombstonesOf,
} from '@hypershard/storage'
import type { Bitmap } from '@hypershard/storage/rows'
import { LRUCache } from 'lru-cache'
import type { RowFilter } from '../filtering/row-filter.ts'
import { segmentKey } from '../holding/held-keys.ts'
import { toSharedIds } from '../holding/read-segment.ts'
import type { ShardLease } from '../holding/segment-holder.ts'

/** Of the rows selected in segments that are not held, for the next page: a bit a row. */
const keptBytesMax = 16 * 1024 * 1024

/** One segment of a listing: which rows may be given, and its files. */
export interface ListedSegment {
  readonly position: number
  readonly rows: number
  /** Undefined for all of them. */
  readonly eligible: Bitmap | undefined
  readonly reader: SegmentReader
  readonly documents: DocumentsReader
  /** Of its passages, where vectors are listed of texts that are cut. */
  readonly starts: Int32Array | undefined
  close(): Promise<void>
}

export interface ListedSegmentsParts {
  readonly store: ObjectStore
  readonly filter: Pick<RowFilter, 'hold' | 'select' | 'drop'>
}

/** What is listed of one shard. */
export interface Listing {
  readonly manifest: Manifest
  readonly filter: Filter | undefined
  readonly vectors: boolean
  /** Of the shard, where it is loaded. */
  readonly lease: ShardLease | undefined
  readonly context: RequestContext
}

/**
 * Opens segments for listings. Their files are read from the store, whether a segment is held or not: a listing reads on in a
 * version that searches have left long ago, and holding its segments again, vectors and all, would take the memory that searches
 * need. Texts are read past the cache of texts, which a listing of everything would empty.
 */
export class ListedSegments {
  readonly #parts: ListedSegmentsParts
  readonly #selected = new LRUCache<string, Bitmap>({
    maxSize: keptBytesMax,
    sizeCalculation: ({ byteLength }) => Math.max(1, byteLength),
  })
  #opened = 0

  constructor(parts: ListedSegmentsParts) {
    this.#parts = parts
  }

  /** @throws HypershardError `corrupt_data`, `invalid_request` (the filter), `storage_failed` */
  async open(position: number, listing: Listing): Promise<ListedSegment> {
    const { store } = this.#parts
    const { manifest, lease } = listing
    const reader = await openSegment(store, segmentAt(manifest, manifest.segments[position]!))
    const eligible = await this.#eligibleOf(position, reader, listing)
    const held = lease?.segments.find(segment => segment.position === position)
    const isCut = listing.vectors && manifest.passages !== undefined
    const starts = isCut ? (held?.passages ?? (await reader.loadPassages()))?.starts : undefined
    const documents = await reader.openDocuments()
    const close = () => documents.close()
    return { position, rows: reader.documents, eligible, reader, documents, starts, close }
  }

  async #eligibleOf(position: number, reader: SegmentReader, listing: Listing): Promise<Bitmap | undefined> {
    const { manifest, filter, lease, context } = listing
    const entry = manifest.segments[position]!
    const held = lease?.segments.find(segment => segment.position === position)
    const deleted = held === undefined ? await tombstonesOf(this.#parts.store, manifest, entry) : held.deleted
    if (filter === undefined) return deleted === undefined ? undefined : allBut(deleted, reader.documents)
    const selected =
      held === undefined
        ? await this.#selectStored(segmentKey(manifest, entry), reader, { filter, manifest, context })
        : await this.#parts.filter.select(held.key, filter, context.deadline)
    return deleted === undefined ? selected : subtractBitmap(selected, deleted)
  }

  /** In the filter's thread, which knows the columns for the time of it. */
  async #selectStored(
    key: string,
    reader: SegmentReader,
    { filter, manifest, context }: Pick<Listing, 'manifest' | 'context'> & { readonly filter: Filter },
  ): Promise<Bitmap> {
    const name = `${key} ${hash('sha256', Filter.encode(filter).finish(), 'hex')}`
    const known = this.#selected.get(name)
    if (known !== undefined) return known
    const [columns, ids, words] = await Promise.all([
      reader.loadColumns(manifest.fields ?? {}),
      reader.loadIds(),
      reader.hasLexical && hasPhrase(filter) ? reader.loadLexical() : undefined,
    ])
    // A key of its own: another listing, or the holder, may have the same segment known under its own.
    const own = `${key} listed ${++this.#opened}`
    this.#parts.filter.hold(own, { rows: reader.documents, columns, ids: toSharedIds(ids), words })
    try {
      const selected = await this.#parts.filter.select(own, filter, context.deadline)
      this.#selected.set(name, selected)
      return selected
    } finally {
      this.#parts.filter.drop(own)
    }
  }
}

function hasPhrase({ kind }: Filter): boolean {
  if (kind?.$case !== 'group') return kind?.$case === 'phrase'
  const { must, should, mustNot } = kind.value
  return [...must, ...should, ...mustNot].some(hasPhrase)
}

function allBut(deleted: Bitmap, rows: number): Bitmap {
  const all = deleted.map(byte => ~byte)
  if (rows % 8 !== 0) all[all.length - 1]! &= (1 << (rows % 8)) - 1
  return all
}

/** The next row from this one on that may be given. */
export function nextRow(
  { eligible, rows }: Pick<ListedSegment, 'eligible' | 'rows'>,
  from: number,
): number | undefined {
  for (let row = from; row < rows; row++) {
    if (eligible === undefined || hasBit(eligible, row)) return row
    // Eight at a time where none of them may.
    if (row % 8 === 0 && eligible[row >> 3] === 0) row += 7
  }
  return undefined
}
