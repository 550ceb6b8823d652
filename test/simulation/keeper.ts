import type { Clock } from '@hypershard/common'
import type { Random } from '@hypershard/harness'
import {
  changeGenerationState,
  cloneIndex,
  deleteIndex,
  deleteSnapshot,
  type GenerationRecord,
  type IndexRecord,
  latestManifest,
  listGenerations,
  type ObjectStore,
  readGeneration,
  restoreSnapshot,
  type Snapshot,
  takeSnapshot,
} from '@hypershard/storage'
import { generationOf } from './check-store.ts'
import { unless } from './unless.ts'

export interface KeeperParts {
  readonly random: Random
  /** Those that were answered for; clones come to them. */
  readonly indexes: IndexRecord[]
  readonly clock: Clock
  readonly model: IndexRecord['model']
  /** Does work in a process of its own; undefined when that died or failed. */
  readonly attempt: <T>(work: (store: ObjectStore) => Promise<T>) => Promise<{ value: T } | undefined>
  /** The same until it gets through. */
  readonly persist: <T>(work: (store: ObjectStore) => Promise<T>) => Promise<T>
}

const turnsMax = 12

/** Gives versions names, makes generations and indexes of them, and gives them up. */
export class Keeper {
  /** Those that were answered for, and that nobody began to delete. */
  readonly snapshots: { readonly index: IndexRecord; readonly snapshot: Snapshot }[] = []
  readonly #parts: KeeperParts
  readonly #restored: GenerationRecord[] = []
  #taken = 0
  #clones = 0
  #names = 0
  #atWork = false

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  /** No time passes meanwhile: files and entries are kept for longer than any of it takes. */
  get atWork(): boolean {
    return this.#atWork
  }

  tally() {
    return { snapshots: this.#taken, restored: this.#restored.length, clones: this.#clones }
  }

  /** An index was deleted, and its snapshots with it. */
  forgetIndex(index: IndexRecord): void {
    const left = this.snapshots.filter(kept => kept.index !== index)
    this.snapshots.splice(0, this.snapshots.length, ...left)
  }

  async run(goOn: () => boolean): Promise<void> {
    const actions = [() => this.#take(), () => this.#restore(), () => this.#clone(), () => this.#forget()]
    for (let turn = 0; turn < turnsMax && goOn(); turn++) {
      this.#atWork = true
      await this.#parts.random.pick(actions)()
      this.#atWork = false
      await this.#parts.attempt(store => listGenerations(store, this.#parts.indexes[0]!))
    }
  }

  async #take(): Promise<void> {
    const index = this.#parts.random.pick(this.#parts.indexes)
    const taken = await this.#parts.attempt(async store => {
      const numbers = await listGenerations(store, index)
      const generation = await generationOf(store, index, this.#parts.random.pick(numbers))
      return generation && takeSnapshot(store, generation, `snapshot-${this.#names++}`, this.#parts.clock)
    })
    if (taken?.value === undefined) return
    this.#taken++
    this.snapshots.push({ index, snapshot: taken.value })
  }

  async #restore(): Promise<void> {
    if (this.snapshots.length === 0) return
    const { index, snapshot } = this.#parts.random.pick(this.snapshots)
    const restored = await this.#parts.attempt(store =>
      restoreSnapshot(store, index, originOf(snapshot), this.#parts.clock),
    )
    if (restored !== undefined) this.#restored.push(restored.value)
  }

  /** What an index is now, as a clone begins with it. */
  async #originNow(store: ObjectStore, index: IndexRecord) {
    const manifest = await latestManifest(store, await readGeneration(store, index, 1))
    return { snapshot: null, model: this.#parts.model, manifest }
  }

  /** Of a snapshot, or of what an index is now. */
  async #clone(): Promise<void> {
    const name = `copy-${this.#names++}`
    const clone = await this.#parts.attempt(async store => {
      const index = this.#parts.random.pick(this.#parts.indexes)
      const kept = this.#parts.random.pick([undefined, ...this.snapshots])
      const origin = kept ? originOf(kept.snapshot) : await this.#originNow(store, index)
      return cloneIndex(store, { name, replicas: 1 }, origin, this.#parts.clock)
    })
    if (clone !== undefined) {
      this.#clones++
      this.#parts.indexes.push(clone.value)
      return
    }
    // Whoever got no answer cannot rely on it.
    await this.#parts.persist(store => deleteIndex(store, name).catch(unless('index_not_found')))
  }

  /** Gives up a snapshot, or a generation that was made of one. */
  async #forget(): Promise<void> {
    const at = this.#parts.random.below(this.snapshots.length + 1)
    const [kept] = this.snapshots.splice(at, 1)
    const work = async (store: ObjectStore) => {
      if (kept) await deleteSnapshot(store, kept.index.name, kept.snapshot.name).catch(unless('snapshot_not_found'))
      else if (this.#restored.length > 0) {
        const restored = this.#parts.random.pick(this.#restored)
        await changeGenerationState(store, restored, () => ({ phase: 'dropped' }), this.#parts.clock)
      }
    }
    await this.#parts.persist(work)
  }
}

function originOf({ name: snapshot, model, manifest }: Snapshot) {
  return { snapshot, model, manifest }
}
