import { type Clock, HypershardError, systemClock } from '@hypershard/common'
import { type GenerationRecord, listGenerations, readGeneration } from '../catalog/generation/generation-record.ts'
import { isWorkedOn, readGenerationState } from '../catalog/generation/generation-state.ts'
import { listIndexNames, readIndex } from '../catalog/index/index-record.ts'
import { addLag, type LogLag, noLag, WriteLog } from '../log/write-log.ts'
import { isBackfilled, type Manifest } from '../manifest/manifest.ts'
import { latestManifest } from '../manifest/manifest-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { roomToIndex } from './room-to-index.ts'

/** A generation that follows the log: what waits in it has still to be indexed for this generation. */
interface Follower {
  readonly log: WriteLog
  manifest: Manifest
  room: number
}

/**
 * The bytes that indexing will take of what is in the write logs of all indexes: the room on the disk that is spoken
 * for. Looking through the store costs some reads an index, so that a caller says how old a look may be.
 */
export class ReservedRoom {
  readonly #store: ObjectStore
  readonly #clock: Clock
  /** By index uid and generation number. */
  #followers = new Map<string, Follower>()
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined

  constructor(store: ObjectStore, clock: Clock = systemClock) {
    this.#store = store
    this.#clock = clock
  }

  /**
   * Looks through the store, unless that was done within so many milliseconds.
   * @throws HypershardError `storage_failed`; an index that is damaged or goes away takes no room
   */
  async look(notOlderThanMs = 0): Promise<void> {
    if (this.#looking === undefined && this.#clock.monotonicMs() - this.#lookedAtMs < notOlderThanMs) return
    this.#looking ??= this.#lookThrough().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  /** What the last look found. */
  get bytes(): number {
    return [...this.#followers.values()].reduce((sum, { room }) => sum + room, 0)
  }

  /**
   * Counts one index anew.
   * @param served a manifest of it, newer perhaps than the last look
   * @param coming what is about to be written to its log
   * @returns the bytes for all indexes, with what is coming
   */
  async bytesWith(served: Manifest, coming: LogLag): Promise<number> {
    const own = keyOf(served)
    if (!this.#followers.has(own)) this.#followers.set(own, this.#follower(served))
    for (const [key, follower] of this.#followers) {
      if (follower.manifest.indexUid !== served.indexUid) continue
      if (key === own && served.version > follower.manifest.version) follower.manifest = served
      await count(follower, coming)
    }
    return this.bytes
  }

  async #lookThrough(): Promise<void> {
    const found = new Map<string, Follower>()
    for (const name of await listIndexNames(this.#store)) {
      for (const follower of (await unlessGone(() => this.#followersOf(name))) ?? []) {
        await count(follower, noLag)
        found.set(keyOf(follower.manifest), follower)
      }
    }
    this.#followers = found
    this.#lookedAtMs = this.#clock.monotonicMs()
  }

  async #followersOf(name: string): Promise<Follower[]> {
    const record = await readIndex(this.#store, name)
    const followers: Follower[] = []
    for (const number of await listGenerations(this.#store, record)) {
      const follower = await unlessGone(async () => this.#look(await readGeneration(this.#store, record, number)))
      if (follower !== undefined) followers.push(follower)
    }
    return followers
  }

  async #look(generation: GenerationRecord): Promise<Follower | undefined> {
    if (!isWorkedOn(generation, await readGenerationState(this.#store, generation))) return undefined
    // Not found from the one known before: that may be so old that its successors are deleted.
    const manifest = await latestManifest(this.#store, generation)
    if (!isBackfilled(manifest)) return undefined
    return { ...(this.#followers.get(keyOf(generation)) ?? this.#follower(manifest)), manifest }
  }

  #follower(manifest: Manifest): Follower {
    const { index: name, indexUid: uid } = manifest
    return { log: new WriteLog(this.#store, { name, uid }, this.#clock), manifest, room: 0 }
  }
}

async function count(follower: Follower, coming: LogLag): Promise<void> {
  const waiting = await follower.log.lagBehind(follower.manifest.log)
  follower.room = roomToIndex(addLag(waiting, coming), follower.manifest)
}

function keyOf({ indexUid, generation }: { indexUid: string; generation: number }): string {
  return `${indexUid}/${generation}`
}

async function unlessGone<Result>(step: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await step()
  } catch (error) {
    const codes = ['index_not_found', 'generation_not_found', 'corrupt_data']
    if (error instanceof HypershardError && codes.includes(error.code)) return undefined
    throw error
  }
}
