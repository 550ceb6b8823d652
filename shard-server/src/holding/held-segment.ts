import type { DocumentsReader, PassageTable } from '@hypershard/storage'
import type { LRUCache } from 'lru-cache'

export interface HeldSegment {
  readonly key: string
  readonly bytes: number
  readonly documents: DocumentsReader
  /** What its vectors are of; undefined where each document has one. */
  readonly passages?: PassageTable | undefined
}

/** A segment that is held, or is being loaded. */
export interface Held {
  readonly shard: number
  /** When a lease was last taken on it. */
  askedAtMs: number
  readonly loading: Promise<HeldSegment>
  /** Undefined until it is in memory. */
  loaded: HeldSegment | undefined
  /** Deleted rows by the tombstones' digest, of the kept versions only. */
  readonly tombstones: LRUCache<string, Promise<Uint8Array<ArrayBuffer>>>
  /** Claims of queries that read it now. */
  leases: number
  /** Index uid, generation and manifest version of the kept versions that it is held for. */
  readonly heldFor: Set<string>
}
