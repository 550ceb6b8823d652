import { type Clock, HypershardError } from '@hypershard/common'
import {
  eligibleIn,
  graphDocumentsMin,
  type Manifest,
  type ObjectStore,
  ReservedRoom,
  roomToMerge,
} from '@hypershard/storage'
import type { Compaction } from './plan-compaction.ts'

/** Of the disk, what a merge leaves for small files beside what waiting writes need. */
const freeShareMin = 0.01

/** A graph's bytes for a vector, besides one for each of its values. */
const graphRowBytes = 150

/**
 * Lets segments be merged only while the room that waiting writes need to be indexed is left: those were accepted, and a
 * merge can be done later.
 */
export class MergeRoom {
  readonly #store: ObjectStore
  readonly #reserved: ReservedRoom
  /** Bytes of the merges under way. */
  #taken = 0

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#reserved = new ReservedRoom(store, clock)
  }

  /** @throws HypershardError `storage_full` before anything was done, and what `merge` throws */
  async run<Result>(manifest: Manifest, segments: Compaction, merge: () => Promise<Result>): Promise<Result> {
    const bytes = bytesOf(manifest, segments)
    this.#taken += bytes
    try {
      await this.#require(manifest.index)
      return await merge()
    } finally {
      this.#taken -= bytes
    }
  }

  async #require(index: string): Promise<void> {
    const space = await this.#store.space()
    if (space === undefined) return
    await this.#reserved.look()
    const { bytes: indexing } = this.#reserved
    if (space.freeBytes >= this.#taken + indexing + space.totalBytes * freeShareMin) return
    const message =
      `index \`${index}\`: merging segments takes up to ${this.#taken} bytes, and writes that wait to be indexed ` +
      `${indexing}, of the ${space.freeBytes} that the object store's disk has left; free space, it is tried again`
    throw new HypershardError('storage_full', message, { details: { ...space, index, merging: this.#taken, indexing } })
  }
}

function bytesOf(manifest: Manifest, segments: Compaction): number {
  const documents = segments.reduce((sum, segment) => sum + eligibleIn(segment), 0)
  const vectors = segments.reduce((sum, segment) => sum + (segment.passages ?? eligibleIn(segment)), 0)
  const graphBytes = documents < graphDocumentsMin ? 0 : vectors * (manifest.vectorWidth + graphRowBytes)
  return roomToMerge(segments, graphBytes, manifest)
}
