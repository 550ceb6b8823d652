import { type Clock, HypershardError } from '@hypershard/common'
import {
  addLag,
  type LogLag,
  type LogPartSize,
  lagOf,
  type Manifest,
  noLag,
  type ObjectStore,
  ReservedRoom,
  type StoreSpace,
  type WriteLog,
} from '@hypershard/storage'

export interface WriteBounds {
  /** Operations that may be in the log without being indexed; a write beyond them is refused. */
  readonly lagMax: number
  /** Share of the disk that stays free. */
  readonly freeShareMin: number
}

/** Room for one write, taken part by part. */
export interface WriteRoom {
  /**
   * Sees to it that a part can be stored and everything that waits be indexed, this part too.
   * @throws HypershardError `storage_full`
   */
  take(part: LogPartSize): Promise<void>
  /** The write is in the log, or will never be. */
  release(): void
}

/** How old a look at what waits in other indexes may be; before a write is refused they are looked at again. */
const lookEveryMs = 5_000
const lookAgainMs = 500

/** A part's rest of a block, and its share of the entry and of an idempotency key. */
const partOverheadBytes = 16_384

/**
 * Refuses writes while the cluster cannot keep up with them, or runs out of disk. Reads are not touched.
 *
 * A write that is accepted can be indexed without anything being freed: what stays free after it is the watermark
 * (`freeShareMin`) and the room that indexing takes for all that waits, in every index and every generation that follows
 * its log (`roomToIndex` of storage). A merge of segments leaves that room alone too.
 */
export class WriteGuard {
  readonly #store: ObjectStore
  readonly #bounds: WriteBounds
  readonly #reserved: ReservedRoom
  /** Writes under way, with what they have stored and not appended. */
  readonly #open = new Set<{ readonly indexUid: string; readonly parts: readonly LogPartSize[] }>()

  constructor(store: ObjectStore, bounds: WriteBounds, clock?: Clock) {
    this.#store = store
    this.#bounds = bounds
    this.#reserved = new ReservedRoom(store, clock)
  }

  /** @throws HypershardError `overloaded`, `storage_full` */
  async check(log: WriteLog, manifest: Manifest): Promise<void> {
    await this.#requireRoom(manifest, 0)
    const { operations } = await log.lagBehind(manifest.log)
    const { lagMax } = this.#bounds
    if (operations <= lagMax) return
    const message =
      `index \`${manifest.index}\`: ${operations} documents wait to be indexed, more than ${lagMax}; ` +
      'wait until they are, or add encoder services'
    throw new HypershardError('overloaded', message, {
      details: { index: manifest.index, waiting: operations, lagMax },
    })
  }

  /** For one write to an index; `release` must be called at its end. */
  openRoom(manifest: Manifest): WriteRoom {
    const open = { indexUid: manifest.indexUid, parts: [] as LogPartSize[] }
    this.#open.add(open)
    return {
      take: part => {
        open.parts.push(part)
        return this.#requireRoom(manifest, part.bytes + partOverheadBytes)
      },
      release: () => void this.#open.delete(open),
    }
  }

  /** @param storing bytes about to be written */
  async #requireRoom(manifest: Manifest, storing: number): Promise<void> {
    const space = await this.#store.space()
    if (space === undefined) return
    const watermark = space.totalBytes * this.#bounds.freeShareMin
    if (space.freeBytes < watermark) throw this.#belowWatermark(space)
    const enough = async (notOlderThanMs: number) => {
      await this.#reserved.look(notOlderThanMs)
      const indexing = await this.#reserved.bytesWith(manifest, this.#comingTo(manifest))
      return { indexing, fits: space.freeBytes >= watermark + indexing + storing }
    }
    if ((await enough(lookEveryMs)).fits) return
    const { indexing, fits } = await enough(lookAgainMs)
    if (!fits) throw noRoom(space, { watermark, indexing, storing })
  }

  #comingTo({ indexUid }: Manifest): LogLag {
    const writes = [...this.#open].filter(write => write.indexUid === indexUid && write.parts.length > 0)
    return writes.reduce((sum, { parts }) => addLag(sum, lagOf(parts)), noLag)
  }

  #belowWatermark(space: StoreSpace): HypershardError {
    const { freeShareMin } = this.#bounds
    const message =
      `the object store's disk has ${space.freeBytes} of ${space.totalBytes} bytes left, less than the ` +
      `${freeShareMin * 100} % that writes leave free; free space and send again`
    return new HypershardError('storage_full', message, { details: { ...space, freeShareMin } })
  }
}

function noRoom(space: StoreSpace, needed: { watermark: number; indexing: number; storing: number }): HypershardError {
  const { watermark, indexing, storing } = needed
  const bytes = Math.ceil(watermark + indexing + storing)
  const message =
    `the object store's disk has ${space.freeBytes} of ${space.totalBytes} bytes left, and ${bytes} are needed to index ` +
    'what waits and this write; free space, or wait until more is indexed, and send again'
  return new HypershardError('storage_full', message, { details: { ...space, ...needed } })
}
