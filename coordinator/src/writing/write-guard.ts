import { HypershardError } from '@hypershard/common'
import type { Manifest, ObjectStore, WriteLog } from '@hypershard/storage'

export interface WriteBounds {
  /** Operations that may be in the log without being indexed; a write beyond them is refused. */
  readonly lagMax: number
  /** Share of the disk that stays free. */
  readonly freeShareMin: number
}

/** Refuses writes while the cluster cannot keep up with them, or runs out of disk. Reads are not touched. */
export class WriteGuard {
  readonly #store: ObjectStore
  readonly #bounds: WriteBounds

  constructor(store: ObjectStore, bounds: WriteBounds) {
    this.#store = store
    this.#bounds = bounds
  }

  /** @throws HypershardError `overloaded`, `storage_full` */
  async check(log: WriteLog, manifest: Manifest): Promise<void> {
    await this.checkSpace()
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

  /** @throws HypershardError `storage_full` */
  async checkSpace(): Promise<void> {
    const space = await this.#store.space()
    const { freeShareMin } = this.#bounds
    if (space === undefined || space.freeBytes >= space.totalBytes * freeShareMin) return
    const message =
      `the object store's disk has ${space.freeBytes} of ${space.totalBytes} bytes left, less than the ` +
      `${freeShareMin * 100} % that writes leave free; free space and send again`
    throw new HypershardError('storage_full', message, { details: { ...space, freeShareMin } })
  }
}
