import type { RequestContext } from '@hypershard/common'
import {
  deleteSnapshot,
  latestManifest,
  listSnapshots,
  type Origin,
  readSnapshot,
  restoreSnapshot,
  type Snapshot,
  takeSnapshot,
} from '@hypershard/storage'
import { moveName } from '../aliases/change-names.ts'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { requireServed } from '../catalog/unserved-models.ts'
import { type DescribedGeneration, describeGeneration } from '../generations/describe-generation.ts'
import type { GenerationParts } from '../generations/generation-admin.ts'

/** Versions of an index under a name: taking, restoring and cloning them. None of it copies a document. */
export class SnapshotAdmin {
  readonly #parts: GenerationParts

  constructor(parts: GenerationParts) {
    this.#parts = parts
  }

  /** In name order. */
  list(index: string): Promise<Snapshot[]> {
    return listSnapshots(this.#parts.store, this.#parts.catalog.get(index).record)
  }

  /** The newest version of the served generation. @throws HypershardError `snapshot_exists` */
  take(index: string, name: string): Promise<Snapshot> {
    return takeSnapshot(this.#parts.store, this.#parts.catalog.get(index).generation, name)
  }

  /** @throws HypershardError `snapshot_not_found` */
  async delete(index: string, name: string): Promise<void> {
    await deleteSnapshot(this.#parts.store, this.#parts.catalog.get(index).record.name, name)
  }

  /**
   * Lets an index's name stand for a new generation that is the snapshot: searches no longer see what was written since.
   * The generation before stays, with all of it, until it is dropped, and aliases stand for it unless they go along.
   * @throws HypershardError `snapshot_not_found`, `model_not_served`
   */
  async restore(
    index: string,
    name: string,
    withAliases: boolean,
    context: RequestContext,
  ): Promise<DescribedGeneration> {
    const { store, catalog, models } = this.#parts
    const { record } = catalog.get(index)
    const origin = await this.#originOf(index, name)
    const { generation: from } = origin.manifest
    await requireServed({ index, generation: from, model: origin.model }, models, context.deadline)
    const { generation } = await restoreSnapshot(store, record, origin)
    const to = { index: record.name, indexUid: record.uid, generation }
    await moveName({ name: index, to, withAliases }, context, this.#parts)
    return describeGeneration(record, generation, this.#parts)
  }

  /**
   * Creates an index that begins as a snapshot of another, or as that is now.
   * @throws HypershardError `snapshot_not_found`, `index_exists`
   */
  async clone(
    index: string,
    clone: { name: string; snapshot: string | undefined; replicas: number | undefined },
    context: RequestContext,
  ): Promise<CatalogEntry> {
    const { catalog } = this.#parts
    const replicas = clone.replicas ?? catalog.get(index).record.replicas
    return catalog.clone({ name: clone.name, replicas }, await this.#originOf(index, clone.snapshot), context.deadline)
  }

  async #originOf(index: string, snapshot: string | undefined): Promise<Origin> {
    const { store, catalog } = this.#parts
    const { record, generation } = catalog.get(index)
    if (snapshot === undefined) {
      return { snapshot: null, model: generation.model, manifest: await latestManifest(store, generation) }
    }
    const { model, manifest } = await readSnapshot(store, record, snapshot)
    return { snapshot, model, manifest }
  }
}
