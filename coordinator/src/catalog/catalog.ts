import { type ErrorCode, HypershardError } from '@hypershard/common'
import {
  createIndex,
  deleteIndex,
  type IndexRecord,
  latestManifest,
  listIndexes,
  type Manifest,
  type NewIndex,
  type ObjectStore,
  readManifest,
} from '@hypershard/segments'

/** An index and the manifest version that new searches pin. */
export interface CatalogEntry {
  readonly record: IndexRecord
  readonly manifest: Manifest
}

/** How many older manifests are kept in memory for the pages after a first one. */
const olderManifestsMax = 64

/** How the store says that a version is not there: a missing file of an index that exists counts as damage to it. */
const goneCodes: readonly ErrorCode[] = ['index_not_found', 'corrupt_data']

/** The indexes as this coordinator serves them: what the store holds, loaded at the start and kept up by its own writes. */
export class Catalog {
  readonly #store: ObjectStore
  readonly #entries = new Map<string, CatalogEntry>()
  /** By uid and version, in the order of use. */
  readonly #older = new Map<string, Manifest>()

  private constructor(store: ObjectStore) {
    this.#store = store
  }

  static async load(store: ObjectStore): Promise<Catalog> {
    const catalog = new Catalog(store)
    for (const record of await listIndexes(store)) {
      catalog.#entries.set(record.name, { record, manifest: await latestManifest(store, record) })
    }
    return catalog
  }

  /** In name order. */
  list(): CatalogEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.record.name < b.record.name ? -1 : 1))
  }

  /** @throws HypershardError `index_not_found` */
  get(name: string): CatalogEntry {
    const entry = this.#entries.get(name)
    if (entry !== undefined) return entry
    const message = `index \`${name}\` does not exist; create it with POST /v1/indexes`
    throw new HypershardError('index_not_found', message, { details: { index: name } })
  }

  /** @throws HypershardError `index_exists` */
  async create(index: NewIndex): Promise<CatalogEntry> {
    const record = await createIndex(this.#store, index)
    const entry = { record, manifest: await latestManifest(this.#store, record) }
    this.#entries.set(record.name, entry)
    return entry
  }

  /** @throws HypershardError `index_not_found` */
  async delete(name: string): Promise<CatalogEntry> {
    const entry = this.get(name)
    await deleteIndex(this.#store, name)
    this.#entries.delete(name)
    return entry
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
