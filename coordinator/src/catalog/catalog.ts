import { type Deadline, type ErrorCode, HypershardError } from '@hypershard/common'
import {
  createIndex,
  deleteIndex,
  type IndexRecord,
  latestManifest,
  listIndexNames,
  type Manifest,
  type NewIndex,
  type ObjectStore,
  readIndex,
  readManifest,
} from '@hypershard/segments'
import { NameLocks } from '../limits/name-locks.ts'

/** An index and the manifest version that new searches pin. */
export interface CatalogEntry {
  readonly record: IndexRecord
  readonly manifest: Manifest
}

/** An index whose record or manifest is damaged. The others are served; it can be deleted. */
export interface FailedIndex {
  readonly name: string
  readonly failure: HypershardError
}

/** How many older manifests are kept in memory for the pages after a first one. */
const olderManifestsMax = 64

/** How the store says that a version is not there: a missing file of an index that exists counts as damage to it. */
const goneCodes: readonly ErrorCode[] = ['index_not_found', 'corrupt_data']

/**
 * The indexes as this coordinator serves them: what the store holds, loaded at the start and kept up by its own writes.
 * It does not see what another coordinator writes, which is why only one may serve a store.
 */
export class Catalog {
  readonly #store: ObjectStore
  readonly #entries = new Map<string, CatalogEntry>()
  readonly #failures = new Map<string, HypershardError>()
  readonly #locks = new NameLocks('changes of the index')
  /** By uid and version, in the order of use. */
  readonly #older = new Map<string, Manifest>()

  private constructor(store: ObjectStore) {
    this.#store = store
  }

  static async load(store: ObjectStore): Promise<Catalog> {
    const catalog = new Catalog(store)
    for (const name of await listIndexNames(store)) await catalog.#loadIndex(name)
    return catalog
  }

  /** In name order. */
  list(): CatalogEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.record.name < b.record.name ? -1 : 1))
  }

  /** Those that could not be loaded, in name order. */
  listFailed(): FailedIndex[] {
    const failed = [...this.#failures].map(([name, failure]) => ({ name, failure }))
    return failed.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** @throws HypershardError `index_not_found`, `corrupt_data` when it could not be loaded at the start */
  get(name: string): CatalogEntry {
    const entry = this.#entries.get(name)
    if (entry !== undefined) return entry
    const failure = this.#failures.get(name)
    if (failure !== undefined) throw failure
    const message = `index \`${name}\` does not exist; create it with POST /v1/indexes`
    throw new HypershardError('index_not_found', message, { details: { index: name } })
  }

  /**
   * Runs a change of what the store holds of one index while no other change of it runs: a deletion in the middle of a
   * creation or a commit would leave half an index.
   * @throws HypershardError `deadline_exceeded` or `cancelled` while waiting, or what `change` throws
   */
  alone<T>(name: string, deadline: Deadline, change: () => Promise<T>): Promise<T> {
    return this.#locks.run(name, deadline, change)
  }

  /** @throws HypershardError `index_exists` */
  create(index: NewIndex, deadline: Deadline): Promise<CatalogEntry> {
    return this.alone(index.name, deadline, async () => {
      const record = await createIndex(this.#store, index)
      const entry = { record, manifest: await latestManifest(this.#store, record) }
      this.#entries.set(record.name, entry)
      return entry
    })
  }

  /**
   * @returns what was deleted; undefined when it could not be loaded
   * @throws HypershardError `index_not_found`
   */
  delete(name: string, deadline: Deadline): Promise<IndexRecord | undefined> {
    return this.alone(name, deadline, async () => {
      if (!this.#failures.has(name)) this.get(name)
      await deleteIndex(this.#store, name)
      const record = this.#entries.get(name)?.record
      this.#failures.delete(name)
      this.#entries.delete(name)
      return record
    })
  }

  /** From now on new searches of the index pin this manifest. An index deleted meanwhile stays deleted. */
  publish(manifest: Manifest): void {
    const entry = this.#entries.get(manifest.index)
    if (entry?.record.uid !== manifest.indexUid || entry.manifest.version >= manifest.version) return
    this.#entries.set(manifest.index, { record: entry.record, manifest })
  }

  /**
   * The manifest that a search pins: the current one, or the version that its cursor names.
   * @throws HypershardError `invalid_cursor` when that version is no longer kept
   */
  async pin({ record, manifest }: CatalogEntry, version: number | undefined): Promise<Manifest> {
    if (version === undefined || version === manifest.version) return manifest
    const key = `${record.uid}/${version}`
    const older = this.#older.get(key) ?? (await this.#readOlder(record, version))
    this.#older.delete(key)
    this.#older.set(key, older)
    for (const leastRecent of this.#older.keys()) {
      if (this.#older.size <= olderManifestsMax) break
      this.#older.delete(leastRecent)
    }
    return older
  }

  async #loadIndex(name: string): Promise<void> {
    try {
      const record = await readIndex(this.#store, name)
      this.#entries.set(name, { record, manifest: await latestManifest(this.#store, record) })
    } catch (error) {
      const code = error instanceof HypershardError ? error.code : undefined
      if (code === 'corrupt_data') this.#failures.set(name, error as HypershardError)
      // A folder without a record is what a deletion left that was interrupted.
      else if (code !== 'index_not_found') throw error
    }
  }

  async #readOlder(record: IndexRecord, version: number): Promise<Manifest> {
    const { name: index, uid: indexUid, generation } = record
    try {
      return await readManifest(this.#store, { index, indexUid, generation, version })
    } catch (error) {
      if (!(error instanceof HypershardError) || !goneCodes.includes(error.code)) throw error
      const what = `cursor: version ${version} of index \`${index}\` can no longer be read`
      const message = `${what} (${error.message}); search again without a cursor`
      throw new HypershardError('invalid_cursor', message, { details: { index, version }, cause: error })
    }
  }
}
