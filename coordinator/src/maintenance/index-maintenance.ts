import {
  type AsideDocument,
  collectIndex,
  newerManifest,
  type ObjectStore,
  readAside,
  type Verification,
  verifyGeneration,
} from '@hypershard/storage'
import type { Catalog } from '../catalog/catalog.ts'

export interface MaintenanceParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
}

/** Looking after the files of an index. */
export class IndexMaintenance {
  readonly #parts: MaintenanceParts

  constructor(parts: MaintenanceParts) {
    this.#parts = parts
  }

  /** Reads every byte of the served generation. @throws HypershardError `index_not_found`, `storage_failed` */
  async verify(index: string): Promise<Verification & { readonly generation: number; readonly version: number }> {
    const manifest = await this.#newest(index)
    const { generation, version } = manifest
    return { generation, version, ...(await verifyGeneration(this.#parts.store, manifest)) }
  }

  /**
   * Deletes what nothing has needed for a while, or tells what that is.
   * @returns keys of the store
   */
  collect(index: string, options: { dryRun: boolean; keepMs: number }): Promise<readonly string[]> {
    const { record } = this.#parts.catalog.get(index)
    return collectIndex(this.#parts.store, record, { nowMs: Date.now(), ...options })
  }

  /** The documents that could not be encoded, with the reasons. */
  async listAside(index: string): Promise<readonly AsideDocument[]> {
    return readAside(this.#parts.store, await this.#newest(index))
  }

  async #newest(index: string) {
    return newerManifest(this.#parts.store, this.#parts.catalog.get(index).manifest)
  }
}
