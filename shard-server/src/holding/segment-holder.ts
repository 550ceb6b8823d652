import { rm } from 'node:fs/promises'
import {
  type Clock,
  type Deadline,
  HypershardError,
  type Logger,
  type Meter,
  quietMeter,
  systemClock,
  waitWithin,
} from '@hypershard/common'
import {
  type DocumentsReader,
  homeOf,
  type Manifest,
  type ManifestReference,
  type ObjectStore,
  openSegment,
  readTombstones,
  type SegmentEntry,
  type SegmentReader,
  segmentAt,
  type TextBatchCache,
} from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { ScoringBackend } from '../ports.ts'
import type { WordSearcher } from '../words/word-searcher.ts'
import { checkSegment } from './check-segment.ts'
import { GenerationFiles } from './generation-files.ts'
import { boundOfHeldBytes, heldBytesOf, versionsKeptMax } from './held-bytes.ts'
import { generationKey, segmentKey, versionKey } from './held-keys.ts'
import type { Held, HeldSegment } from './held-segment.ts'
import { HoldingMeter } from './holding-meter.ts'
import { isNoRoom, noRoom } from './no-room.ts'
import { againIfDamaged, type HoldingPlaces, type LoadedSegment } from './read-segment.ts'
import type { SegmentLoader } from './segment-loader.ts'

export interface HolderOptions {
  readonly store: ObjectStore
  readonly loader: Pick<SegmentLoader, 'load'>
  readonly backend: Pick<ScoringBackend, 'hold' | 'drop'>
  readonly filter: Pick<RowFilter, 'hold' | 'drop'>
  readonly words: Pick<WordSearcher, 'hold' | 'drop'>
  /** Where the loader puts f32 vectors: those on disk do not count against `memoryBytesMax`. */
  readonly vectors: HoldingPlaces['vectors']
  /** All that segments held take; one that does not fit is refused before it is read. */
  readonly memoryBytesMax: number
  readonly texts?: TextBatchCache
  readonly log: Logger
  readonly meter?: Meter
  readonly clock?: Clock
}

/** Deleted indexes remembered, so that a search that was under way does not bring one back. */
const forgottenMax = 1_000
/** A shard that was asked for within this time is not let go of, although somebody says that it is held elsewhere. */
export const askedLatelyMs = 30_000

/** A query's claim to the segments of one shard at one manifest version: they are held until it is released. */
export interface ShardLease {
  readonly shard: number
  readonly segments: readonly {
    readonly key: string
    readonly position: number
    /** Rows, deleted ones too. */
    readonly documents: number
    readonly passages: HeldSegment['passages']
    readonly deleted: Uint8Array<ArrayBuffer> | undefined
    readonly deletedCount: number
  }[]
  /** What the segments take of this server's memory. */
  readonly bytes: number
  release(): void
}

/** A query's claim to an open documents file, which stays open until it is released. */
export interface DocumentsLease {
  readonly documents: DocumentsReader
  release(): void
}

/**
 * What this server has in memory. Everything is loaded from the object store when it is first asked for, once however
 * many ask, and held while a manifest version that is kept or a query's lease needs it. Losing it all loses nothing.
 */
export class SegmentHolder {
  readonly #options: HolderOptions
  readonly #held = new Map<string, Held>()
  readonly #meter: HoldingMeter
  /** What queries need besides segments. */
  readonly files: GenerationFiles
  readonly #clock: Clock
  /** By index uid and generation: the versions kept, newest last. */
  readonly #versions = new Map<string, number[]>()
  readonly #forgotten = new LRUCache<string, true>({ max: forgottenMax })
  #heldBytes = 0

  constructor(options: HolderOptions) {
    this.#options = options
    this.files = new GenerationFiles(options.store)
    this.#clock = options.clock ?? systemClock
    this.#meter = new HoldingMeter(options.meter ?? quietMeter, this, options.memoryBytesMax)
  }

  get segments(): Iterable<Held> {
    return this.#held.values()
  }

  /** What the segments held and those being loaded take. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** As `GenerationFiles` gives it. */
  manifest(reference: ManifestReference, deadline: Deadline): Promise<Manifest> {
    return this.files.manifest(reference, deadline)
  }

  /** Whether a shard can be scored without reading anything. */
  isLoaded(manifest: Manifest, shard: number): boolean {
    return manifest.segments
      .filter(entry => entry.shard === shard)
      .every(entry => this.#held.get(segmentKey(manifest, entry))?.loaded !== undefined)
  }

  /**
   * Makes a shard's segments ready for one query. Loading goes on when the deadline passes, for the next to find.
   * @throws HypershardError `corrupt_data`, `overloaded` when memory does not suffice, `deadline_exceeded`
   */
  async lease(manifest: Manifest, shard: number, deadline: Deadline): Promise<ShardLease> {
    this.#keepVersion(manifest)
    const entries = [...manifest.segments.entries()].filter(([, entry]) => entry.shard === shard)
    const held = entries.map(([, entry]) => this.#hold(manifest, entry))
    const release = this.#leaseAll(held)
    try {
      const loaded = Promise.all(
        entries.map(async ([position, entry], index) => {
          const { key, bytes, passages } = await held[index]!.loading
          const deleted = await this.#deletedRows(manifest, entry, held[index]!)
          const { documents } = entry
          return { key, bytes, position, documents, passages, deleted, deletedCount: entry.deleted?.count ?? 0 }
        }),
      )
      const segments = await waitWithin(loaded, deadline, `loading shard ${shard}`)
      const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
      return { shard, segments, bytes, release }
    } catch (error) {
      // Another server will hold it: what was loaded of it is in the way here.
      if (isNoRoom(error)) for (const { heldFor } of held) heldFor.delete(versionKey(manifest))
      release()
      throw error
    }
  }

  /**
   * The documents file of the segment at this place of the manifest, open until released. Same errors as `lease`, and
   * `invalid_request` for a place that the manifest does not have.
   */
  async leaseDocuments(manifest: Manifest, position: number, deadline: Deadline): Promise<DocumentsLease> {
    const entry = manifest.segments[position]
    if (entry === undefined) {
      const message = `index \`${manifest.index}\`: manifest ${manifest.version} has no segment ${position}`
      throw new HypershardError('invalid_request', message)
    }
    this.#keepVersion(manifest)
    const held = this.#hold(manifest, entry)
    const release = this.#leaseAll([held])
    try {
      const { documents } = await waitWithin(held.loading, deadline, 'loading documents')
      return { documents, release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Forgets an index; what running queries still read goes when they end. */
  forget(indexUid: string): void {
    for (const key of this.#versions.keys()) if (key.startsWith(`${indexUid}/`)) this.#versions.delete(key)
    this.#forgotten.set(indexUid, true)
    for (const held of this.#held.values()) {
      for (const version of held.heldFor) if (version.startsWith(`${indexUid}/`)) held.heldFor.delete(version)
    }
    this.#dropUnneeded()
  }

  /** Lets go of a generation that is not searched any more. Whoever asks for it all the same has it loaded again. */
  releaseGeneration(indexUid: string, generation: number): void {
    const key = `${indexUid}/${generation}`
    this.#setVersions(key, [], this.#versions.get(key) ?? [])
    this.#versions.delete(key)
    this.#dropUnneeded()
  }

  /**
   * Lets go of shards that are held elsewhere, as far as nobody asked for them lately: another coordinator may not know
   * yet, or see it otherwise. Whoever asks for one later has it loaded again.
   * @returns those that stay
   */
  releaseShards(indexUid: string, generation: number, shards: readonly number[]): number[] {
    const nowMs = this.#clock.monotonicMs()
    const held = [...this.#held].filter(([key]) => key.startsWith(`${indexUid}/${generation}/`))
    const byShard = Map.groupBy(held, ([, { shard }]) => shard)
    const asked = (shard: number) =>
      byShard.get(shard)?.some(([, { leases, askedAtMs }]) => leases > 0 || nowMs - askedAtMs < askedLatelyMs) === true
    const kept = shards.filter(asked)
    for (const shard of shards) {
      if (!kept.includes(shard)) for (const [, { heldFor }] of byShard.get(shard) ?? []) heldFor.clear()
    }
    this.#dropUnneeded()
    return kept
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#held.values()].map(held => held.loaded?.documents.close()))
  }

  /** Segments are not dropped until the returned function is called. */
  #leaseAll(segments: readonly Held[]): () => void {
    for (const segment of segments) {
      segment.leases++
      segment.askedAtMs = this.#clock.monotonicMs()
    }
    return onlyOnce(() => {
      for (const segment of segments) segment.leases--
      this.#dropUnneeded()
    })
  }

  #hold(manifest: Manifest, entry: SegmentEntry): Held {
    const key = segmentKey(manifest, entry)
    const known = this.#held.get(key)
    const held = known ?? this.#startLoading(manifest, entry, key)
    // For a version older than those kept it is held by leases alone.
    if (this.#versions.get(generationKey(manifest))?.includes(manifest.version)) held.heldFor.add(versionKey(manifest))
    return held
  }

  #startLoading(manifest: Manifest, entry: SegmentEntry, key: string): Held {
    const held: Held = {
      shard: entry.shard,
      askedAtMs: this.#clock.monotonicMs(),
      loading: this.#meter.measure(() => this.#load(manifest, entry, key)),
      loaded: undefined,
      tombstones: new LRUCache({ max: versionsKeptMax }),
      leases: 0,
      heldFor: new Set(),
    }
    this.#held.set(key, held)
    held.loading.then(
      segment => {
        held.loaded = segment
        this.#dropUnneeded()
      },
      // A failed load is forgotten at once, so that the next query tries again: the file may have been mended.
      error => {
        this.#options.log.error({ err: error, segment: entry.digest, shard: entry.shard }, 'segment not loaded')
        if (this.#held.get(key) === held) this.#held.delete(key)
      },
    )
    return held
  }

  /** Its record, its place in the memory bound, its files, every thread. All of it is undone when a step fails. */
  async #load(manifest: Manifest, entry: SegmentEntry, key: string): Promise<HeldSegment> {
    const { store, loader, vectors } = this.#options
    const reference = segmentAt(manifest, entry)
    const { fields = {} } = manifest
    const { read: reader, firstProblem } = await againIfDamaged(() => openSegment(store, reference))
    this.#noteFirstProblem(entry, firstProblem)
    checkSegment(reader, manifest)
    let bytes = this.#reserve(manifest, entry, boundOfHeldBytes(reader, fields, vectors))
    try {
      const loaded = await loader.load(reference, fields)
      const held = heldBytesOf(reader, loaded, vectors)
      this.#heldBytes += held - bytes
      bytes = held
      this.#noteFirstProblem(entry, loaded.firstProblem)
      const documents = await this.#distribute(key, reader, loaded)
      return { key, bytes, documents, passages: loaded.passages }
    } catch (error) {
      this.#heldBytes -= bytes
      throw error
    }
  }

  /** Gives what was loaded to those who work with it, or to none of them. @returns the open documents file */
  async #distribute(key: string, reader: SegmentReader, loaded: LoadedSegment): Promise<DocumentsReader> {
    const { backend, filter } = this.#options
    const { width, vectors, ids, scanCopy, columns, passages, words, graph, recallKnobs } = loaded
    let documents: DocumentsReader | undefined
    try {
      documents = await reader.openDocuments(this.#options.texts)
      const graphPath = graph?.path
      await backend.hold({ key, width, vectors, ids, vectorStarts: passages?.starts, scanCopy, recallKnobs, graphPath })
      filter.hold(key, { rows: reader.documents, columns, ids, words })
      if (words !== undefined) this.#options.words.hold({ key, words, ids })
      return documents
    } catch (error) {
      if (documents !== undefined) await this.#closeDocuments({ key, documents })
      throw error
    } finally {
      // Threads that have opened one read on in it.
      const paths = [graph?.path, 'path' in vectors ? vectors.path : undefined]
      for (const path of paths) if (path !== undefined) await rm(path, { force: true })
    }
  }

  #noteFirstProblem({ digest }: SegmentEntry, problem: string | undefined): void {
    if (problem === undefined) return
    this.#options.log.warn({ segment: digest, problem }, 'segment was sound when it was read again')
  }

  /** Counts the segment against the memory bound before its files are read: refused, never out of memory. */
  #reserve(manifest: Manifest, entry: SegmentEntry, bytes: number): number {
    if (this.#heldBytes + bytes > this.#options.memoryBytesMax) this.#giveUpOlderVersions(manifest)
    if (this.#heldBytes + bytes > this.#options.memoryBytesMax) {
      const { memoryBytesMax, vectors } = this.#options
      throw noRoom({ digest: entry.digest, bytes, heldBytes: this.#heldBytes, memoryBytesMax, vectors })
    }
    this.#heldBytes += bytes
    return bytes
  }

  #deletedRows(manifest: Manifest, entry: SegmentEntry, held: Held): Promise<Uint8Array<ArrayBuffer>> | undefined {
    if (entry.deleted === null) return undefined
    const { digest } = entry.deleted
    const known = held.tombstones.get(digest)
    if (known !== undefined) return known
    const reading = readTombstones(this.#options.store, homeOf(manifest, entry.deleted), digest, entry.documents)
    held.tombstones.set(digest, reading)
    reading.catch(() => held.tombstones.delete(digest))
    return reading
  }

  #keepVersion(manifest: Manifest): void {
    const kept = this.#versions.get(generationKey(manifest)) ?? []
    if (kept.includes(manifest.version) || this.#forgotten.has(manifest.indexUid)) return
    const versions = [...kept, manifest.version].sort((a, b) => a - b)
    const dropped = versions.splice(0, versions.length - versionsKeptMax)
    this.#setVersions(generationKey(manifest), versions, dropped)
  }

  #setVersions(generation: string, kept: number[], dropped: readonly number[]): void {
    this.#versions.set(generation, kept)
    for (const version of dropped) {
      for (const held of this.#held.values()) held.heldFor.delete(`${generation}@${version}`)
    }
  }

  /** When memory is short, versions before this one are not kept: their segments go when the last lease ends. */
  #giveUpOlderVersions(manifest: Manifest): void {
    const { version } = manifest
    const versions = this.#versions.get(generationKey(manifest)) ?? []
    const older = versions.filter(kept => kept < version)
    this.#setVersions(
      generationKey(manifest),
      versions.filter(kept => kept >= version),
      older,
    )
    this.#dropUnneeded()
  }

  #dropUnneeded(): void {
    for (const [key, held] of this.#held) {
      if (held.leases > 0 || held.heldFor.size > 0 || held.loaded === undefined) continue
      this.#held.delete(key)
      this.#heldBytes -= held.loaded.bytes
      this.#options.backend.drop(key)
      this.#options.filter.drop(key)
      this.#options.words.drop(key)
      void this.#closeDocuments(held.loaded)
    }
  }

  async #closeDocuments({ key, documents }: Pick<HeldSegment, 'key' | 'documents'>): Promise<void> {
    try {
      await documents.close()
    } catch (error) {
      this.#options.log.warn({ err: error, segment: key }, 'closing the documents of a dropped segment failed')
    }
  }
}

function onlyOnce(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
