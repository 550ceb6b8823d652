import { type Deadline, HypershardError, type Logger } from '@hypershard/common'
import {
  type DocumentsReader,
  type Manifest,
  type ManifestReference,
  type ObjectStore,
  openSegment,
  readCalibration,
  readManifest,
  readTombstones,
  type SegmentEntry,
} from '@hypershard/segments'
import type { ScoringPool } from '../scoring/scoring-pool.ts'
import type { SegmentLoader } from './segment-loader.ts'

export interface HolderOptions {
  readonly store: ObjectStore
  readonly loader: SegmentLoader
  readonly scoring: ScoringPool
  /** Vectors and ids of all segments held; a segment that does not fit is refused. */
  readonly memoryBytesMax: number
  readonly log: Logger
}

/** The newest manifest versions whose segments stay held, so that cursors and slower coordinators find them. */
const versionsKeptMax = 2
/** Manifests kept parsed. */
const manifestsMax = 64

interface HeldSegment {
  readonly key: string
  readonly bytes: number
  readonly documents: DocumentsReader
}

interface Held {
  readonly loading: Promise<HeldSegment>
  /** Queries that read it now. */
  leases: number
  /** Index uid and manifest version of those that want it kept. */
  readonly wantedBy: Set<string>
}

/** The segments of one shard at one manifest version, kept until released. */
export interface ShardLease {
  readonly shard: number
  readonly segments: readonly {
    readonly key: string
    readonly position: number
    readonly deleted: Uint8Array<ArrayBuffer> | undefined
  }[]
  /** Of the segments' vectors. */
  readonly bytes: number
  release(): void
}

/** An open documents file, kept until released. */
export interface DocumentsLease {
  readonly documents: DocumentsReader
  release(): void
}

/**
 * What this server has in memory. Everything is loaded from the object store when it is first asked for, once however
 * many ask, and kept while a kept manifest version or a running query needs it. Losing it all loses nothing.
 */
export class SegmentHolder {
  readonly #options: HolderOptions
  readonly #held = new Map<string, Held>()
  readonly #manifests = new Map<string, Promise<Manifest>>()
  readonly #tombstones = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  /** By index uid: the versions kept, newest last. */
  readonly #versions = new Map<string, number[]>()
  #heldBytes = 0

  constructor(options: HolderOptions) {
    this.#options = options
  }

  /** Bytes of vectors and ids held. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** @throws HypershardError `index_not_found`, `corrupt_data` */
  async manifest(reference: ManifestReference): Promise<Manifest> {
    const key = `${reference.indexUid}/${reference.index}/${reference.generation}/${reference.version}`
    const known = this.#manifests.get(key)
    if (known !== undefined) return known
    const reading = readManifest(this.#options.store, reference)
    this.#manifests.set(key, reading)
    reading.catch(() => this.#manifests.delete(key))
    if (this.#manifests.size > manifestsMax) this.#manifests.delete(this.#manifests.keys().next().value!)
    return reading
  }

  /**
   * Makes a shard's segments ready for one query. Loading goes on when the deadline passes, for the next to find.
   * @throws HypershardError `corrupt_data`, `overloaded` when memory does not suffice, `deadline_exceeded`
   */
  async lease(manifest: Manifest, shard: number, deadline: Deadline): Promise<ShardLease> {
    this.#keepVersion(manifest)
    const entries = [...manifest.segments.entries()].filter(([, entry]) => entry.shard === shard)
    const held = entries.map(([, entry]) => this.#hold(manifest, entry))
    const release = this.#take(held)
    try {
      const loaded = Promise.all(
        entries.map(async ([position, entry], index) => {
          const { key, bytes } = await held[index]!.loading
          return { key, bytes, position, deleted: await this.#deletedRows(manifest, entry) }
        }),
      )
      const segments = await within(loaded, deadline, `load shard ${shard}`)
      const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
      return { shard, segments, bytes, release }
    } catch (error) {
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
    const release = this.#take([held])
    try {
      const { documents } = await within(held.loading, deadline, 'load documents')
      return { documents, release }
    } catch (error) {
      release()
      throw error
    }
  }

  /**
   * The generation's sample of document vectors, f32 [rows, width]: the same for every shard and server.
   * @throws HypershardError `corrupt_data`
   */
  async calibrationSample(manifest: Manifest): Promise<Float32Array> {
    return readCalibration(this.#options.store, manifest)
  }

  /** Forgets an index; what running queries still read goes when they end. */
  forget(indexUid: string): void {
    this.#versions.delete(indexUid)
    for (const held of this.#held.values()) {
      for (const want of held.wantedBy) if (want.startsWith(`${indexUid}@`)) held.wantedBy.delete(want)
    }
    this.#dropUnwanted()
  }

  async close(): Promise<void> {
    const closing = [...this.#held.values()].map(async held => (await held.loading).documents.close())
    await Promise.allSettled(closing)
  }

  /** Keeps segments from being dropped until the returned function is called. */
  #take(segments: readonly Held[]): () => void {
    for (const segment of segments) segment.leases++
    return onlyOnce(() => {
      for (const segment of segments) segment.leases--
      this.#dropUnwanted()
    })
  }

  #hold(manifest: Manifest, entry: SegmentEntry): Held {
    const key = segmentKey(manifest, entry)
    const known = this.#held.get(key)
    const held = known ?? { loading: this.#load(manifest, entry, key), leases: 0, wantedBy: new Set() }
    // A version older than those kept holds its segments for as long as its queries run.
    if (this.#versions.get(manifest.indexUid)?.includes(manifest.version)) held.wantedBy.add(versionKey(manifest))
    if (known !== undefined) return known
    this.#held.set(key, held)
    // A failed load is forgotten at once, so that the next query tries again: the file may have been mended.
    held.loading.catch(error => {
      this.#options.log.error({ err: error, segment: entry.digest, shard: entry.shard }, 'segment not loaded')
      this.#held.delete(key)
    })
    return held
  }

  async #load(manifest: Manifest, entry: SegmentEntry, key: string): Promise<HeldSegment> {
    const bytes = this.#reserve(manifest, entry)
    try {
      const reference = { index: manifest.index, generation: manifest.generation, digest: entry.digest }
      const { vectors, ids, width, modelDigest } = await this.#options.loader.load(reference)
      if (modelDigest !== manifest.modelDigest || width !== manifest.vectorWidth) {
        const message = `segment ${entry.digest.slice(0, 8)}: made with another model than manifest ${manifest.version}'s`
        throw new HypershardError('corrupt_data', message)
      }
      const documents = await (await openSegment(this.#options.store, reference)).openDocuments()
      this.#options.scoring.hold(key, width, vectors, ids)
      return { key, bytes, documents }
    } catch (error) {
      this.#heldBytes -= bytes
      throw error
    }
  }

  /** Counts the segment against the memory bound before a byte is read: refused, never out of memory. */
  #reserve(manifest: Manifest, entry: SegmentEntry): number {
    const bytes = entry.documents * manifest.vectorWidth * 4
    if (this.#heldBytes + bytes > this.#options.memoryBytesMax) {
      const message =
        `segment ${entry.digest.slice(0, 8)} needs ${bytes} bytes beside ${this.#heldBytes} held, more than this server's ` +
        `${this.#options.memoryBytesMax}; add shard servers or raise HYPERSHARD_SHARD_MEMORY_BYTES`
      throw new HypershardError('overloaded', message)
    }
    this.#heldBytes += bytes
    return bytes
  }

  #deletedRows(manifest: Manifest, entry: SegmentEntry): Promise<Uint8Array<ArrayBuffer>> | undefined {
    if (entry.deleted === null) return undefined
    const { digest } = entry.deleted
    const key = `${segmentKey(manifest, entry)}/${digest}`
    const known = this.#tombstones.get(key)
    if (known !== undefined) return known
    const reading = readTombstones(this.#options.store, manifest, digest, entry.documents)
    this.#tombstones.set(key, reading)
    reading.catch(() => this.#tombstones.delete(key))
    return reading
  }

  #keepVersion(manifest: Manifest): void {
    const kept = this.#versions.get(manifest.indexUid) ?? []
    if (kept.includes(manifest.version)) return
    const versions = [...kept, manifest.version].sort((a, b) => a - b)
    const dropped = versions.splice(0, versions.length - versionsKeptMax)
    this.#versions.set(manifest.indexUid, versions)
    for (const version of dropped) {
      for (const held of this.#held.values()) held.wantedBy.delete(`${manifest.indexUid}@${version}`)
    }
  }

  #dropUnwanted(): void {
    for (const [key, held] of this.#held) {
      if (held.leases > 0 || held.wantedBy.size > 0) continue
      this.#held.delete(key)
      for (const tombstones of this.#tombstones.keys()) {
        if (tombstones.startsWith(`${key}/`)) this.#tombstones.delete(tombstones)
      }
      held.loading.then(
        async segment => {
          this.#heldBytes -= segment.bytes
          this.#options.scoring.drop(key)
          await segment.documents.close()
        },
        () => undefined,
      )
    }
  }
}

function versionKey(manifest: Manifest): string {
  return `${manifest.indexUid}@${manifest.version}`
}

function segmentKey(manifest: Manifest, entry: SegmentEntry): string {
  return `${manifest.indexUid}/${manifest.generation}/${entry.digest}`
}

function onlyOnce(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}

/** Waits no longer than the deadline; what is waited for goes on by itself. */
async function within<Value>(work: Promise<Value>, deadline: Deadline, step: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new HypershardError('deadline_exceeded', `no time left to ${step}; it goes on for the next call`))
    }, deadline.remainingMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    // A failure after the deadline was logged where the segment is held.
    work.catch(() => undefined)
  }
}
