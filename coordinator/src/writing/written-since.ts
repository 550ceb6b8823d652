import { HypershardError } from '@hypershard/common'
import {
  type LogReference,
  type Manifest,
  type ObjectStore,
  operationId,
  readLogEntry,
  readLogPart,
} from '@hypershard/storage'

/** Ids that are remembered: more were written only while a bulk load goes on, and then a deletion can wait. */
const writtenIdsMax = 1_000_000

/** Which documents were written since a manifest version, as far as the write log was read. */
export class WrittenSince {
  readonly #store: ObjectStore
  readonly #manifest: Manifest
  readonly #ids = new Set<string>()
  #sequence: number
  /** Of the entry after that, what the manifest has. */
  #done: { readonly parts: number; readonly operations: number }

  constructor(store: ObjectStore, manifest: Manifest) {
    this.#store = store
    this.#manifest = manifest
    const { sequence, parts, operations = 0 } = manifest.log
    this.#sequence = sequence
    this.#done = { parts, operations }
  }

  /** The last entry of the log that was read. */
  get sequence(): number {
    return this.#sequence
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /**
   * Reads the log to its end.
   * @returns the ids that were not known to be written before
   * @throws HypershardError `overloaded` when too many were, `corrupt_data`, `storage_failed`
   */
  async readOn(): Promise<string[]> {
    const fresh: string[] = []
    const log: LogReference = this.#manifest
    for (;;) {
      const entry = await readLogEntry(this.#store, log, this.#sequence + 1)
      if (entry === undefined) return fresh
      for (const [at, part] of entry.parts.slice(this.#done.parts).entries()) {
        const operations = await readLogPart(this.#store, log, part)
        for (const operation of operations.slice(at === 0 ? this.#done.operations : 0)) {
          const id = operationId(operation)
          if (!this.#ids.has(id)) fresh.push(id)
          this.#ids.add(id)
        }
        if (this.#ids.size > writtenIdsMax) throw tooManyWritten(this.#manifest)
      }
      this.#sequence++
      this.#done = { parts: 0, operations: 0 }
    }
  }
}

function tooManyWritten({ index, version }: Manifest): HypershardError {
  const message =
    `index \`${index}\`: more than ${writtenIdsMax} documents were written since version ${version}; ` +
    'ask again once they are indexed'
  return new HypershardError('overloaded', message, { details: { index, version, writtenIdsMax } })
}
