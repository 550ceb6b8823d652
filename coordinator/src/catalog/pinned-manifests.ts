import { type ErrorCode, HypershardError } from '@hypershard/common'
import { type IndexRecord, type Manifest, type ObjectStore, readManifest } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'

/** The manifest version that the pages of one cursor see. */
export interface PageVersion {
  readonly generation: number
  readonly version: number
}

/** How many older manifests are kept in memory for the pages after a first one. */
const olderManifestsMax = 64

/** How the store says that a version is not there: a missing file of an index that exists counts as damage to it. */
const goneCodes: readonly ErrorCode[] = ['index_not_found', 'generation_not_found', 'corrupt_data']

/** The manifests that searches pin: the current one of a first page, the first page's of those after it. */
export class PinnedManifests {
  readonly #store: ObjectStore
  /** By index uid, generation and version. */
  readonly #older = new LRUCache<string, Manifest>({ max: olderManifestsMax })

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /**
   * @param current what a search without a cursor pins
   * @throws HypershardError `invalid_cursor` when the version of the page is no longer kept
   */
  async pin(
    current: { readonly record: IndexRecord; readonly manifest: Manifest },
    page: PageVersion | undefined,
  ): Promise<Manifest> {
    const { record, manifest } = current
    if (page === undefined) return manifest
    if (page.version === manifest.version && page.generation === manifest.generation) return manifest
    const key = `${record.uid}/${page.generation}/${page.version}`
    const older = this.#older.get(key) ?? (await this.#readOlder(record, page))
    this.#older.set(key, older)
    return older
  }

  async #readOlder({ name: index, uid: indexUid }: IndexRecord, page: PageVersion): Promise<Manifest> {
    try {
      return await readManifest(this.#store, { index, indexUid, ...page })
    } catch (error) {
      if (!(error instanceof HypershardError) || !goneCodes.includes(error.code)) throw error
      // What the store says has its paths, and whoever sends cursors may be a tenant: the cause is for the log.
      const what = `cursor: version ${page.version} of index \`${index}\` can no longer be read`
      const message = `${what}; search again without a cursor`
      throw new HypershardError('invalid_cursor', message, { details: { index, ...page }, cause: error })
    }
  }
}
