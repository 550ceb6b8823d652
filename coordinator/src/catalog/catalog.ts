import { Deadline, HypershardError } from '@hypershard/common'
import {
  type AliasTable,
  type AliasTarget,
  cloneIndex,
  createIndex,
  entryOf,
  firstGeneration,
  type GenerationRecord,
  type IndexRecord,
  latestAliasTable,
  latestManifest,
  listedManifest,
  listIndexNames,
  type Manifest,
  type NewIndex,
  newerManifest,
  type ObjectStore,
  type Origin,
  readGeneration,
  readIndex,
} from '@hypershard/storage'
import { NameLocks } from '../limits/name-locks.ts'
import { type CatalogEntry, type FailedIndex, inOrder, keyOf } from './catalog-entry.ts'
import { deleteStored } from './delete-stored.ts'
import { dangling, isAlias, type KnownNames, listNames, type NamedTarget, namesOf, targetOf } from './names.ts'
import { type PageVersion, PinnedManifests } from './pinned-manifests.ts'
import { type NamesMove, ServedNames } from './served-names.ts'

export type { CatalogEntry, FailedIndex } from './catalog-entry.ts'

/** For reading one index when nobody changes it; creations and deletions go first. */
const loadMsMax = 10_000

/**
 * The indexes as this coordinator serves them. What is new in the store is found by `findNewer` and served once it is
 * published: between the two, shard servers load it.
 */
export class Catalog {
  readonly #store: ObjectStore
  readonly #records = new Map<string, IndexRecord>()
  /** Generations that are served or were, by index uid and number. */
  readonly #entries = new Map<string, CatalogEntry>()
  readonly #failures = new Map<string, HypershardError>()
  readonly #locks = new NameLocks('changes of the index')
  readonly #pinned: PinnedManifests
  readonly #served = new ServedNames()
  /** Trials: generations that can be searched although no name points at them, by index uid and number. */
  readonly #trials = new Set<string>()
  /** What `list` gave last; undefined once anything changed that it is made of. */
  #listed: readonly CatalogEntry[] | undefined

  private constructor(store: ObjectStore) {
    this.#store = store
    this.#pinned = new PinnedManifests(store)
  }

  static async load(store: ObjectStore): Promise<Catalog> {
    const catalog = new Catalog(store)
    catalog.#served.newest = await latestAliasTable(store)
    await catalog.findIndexes()
    return catalog
  }

  /** What names point at as searches see it, besides each index's own first generation. */
  get aliases(): AliasTable {
    return this.#served.table
  }

  /** With the moves that are under way: what changes are decided on. */
  get newestAliases(): AliasTable {
    return this.#served.newest
  }

  /** The generations that searches may ask for, in the order of their indexes' names. The same array until they change. */
  list(): readonly CatalogEntry[] {
    this.#listed ??= this.#listServed()
    return this.#listed
  }

  /** Each index with the generation that its name stands for, in name order. */
  listIndexes(): CatalogEntry[] {
    const names = [...this.#records.keys()].sort()
    return names.map(name => this.#find(name)).filter(entry => entry !== undefined)
  }

  indexNames(): string[] {
    return [...this.#records.keys()]
  }

  /** Those that could not be loaded, in name order. */
  listFailed(): FailedIndex[] {
    const failed = [...this.#failures].map(([name, failure]) => ({ name, failure }))
    return failed.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * @param name of an index, or an alias
   * @throws HypershardError `index_not_found`, `corrupt_data` when it could not be loaded
   */
  get(name: string): CatalogEntry {
    const entry = this.#find(name)
    if (entry !== undefined) return entry
    const failure = this.#failures.get(name)
    if (failure !== undefined) throw failure
    const alias = entryOf(this.aliases, name)
    if (alias !== undefined && alias.index !== name) throw this.#failures.get(alias.index) ?? dangling(name, alias)
    const message = `index \`${name}\` does not exist; create it with POST /v1/indexes`
    throw new HypershardError('index_not_found', message, { details: { index: name } })
  }

  /**
   * One generation of what a name points at.
   * @throws HypershardError `index_not_found`, `generation_not_found` when it is not served
   */
  getGeneration(name: string, generation: number): CatalogEntry {
    const { record } = this.get(name)
    const entry = this.#entries.get(keyOf({ indexUid: record.uid, generation }))
    if (entry !== undefined) return entry
    const message = `index \`${name}\`: generation ${generation} is not loaded; ask for its parity report first`
    throw new HypershardError('generation_not_found', message, { details: { index: name, generation } })
  }

  /**
   * Serves a generation that no name points at, at its newest manifest once that is published.
   * @throws HypershardError `generation_not_found`, `corrupt_data`
   */
  async findTrial(name: string, generation: number): Promise<CatalogEntry> {
    const { record } = this.get(name)
    const found = await readGeneration(this.#store, record, generation)
    this.#trials.add(keyOf(found))
    this.#listed = undefined
    return this.#read(record, found)
  }

  /** Whether searches may ask for a generation. */
  serves({ indexUid, generation }: { indexUid: string; generation: number }): boolean {
    return this.list().some(({ manifest }) => manifest.indexUid === indexUid && manifest.generation === generation)
  }

  endTrial(generation: { indexUid: string; generation: number }): void {
    this.#trials.delete(keyOf(generation))
    this.#listed = undefined
  }

  /** Whether a name is an index's own. */
  isIndex(name: string): boolean {
    return this.#records.has(name) || this.#failures.has(name)
  }

  /** What a name points at, served or not. */
  targetOf(name: string): AliasTarget | undefined {
    return targetOf(this.#names, name)
  }

  /** The names that stand for a generation, in order. */
  namesOf(place: { readonly indexUid: string; readonly generation: number }): string[] {
    return namesOf(this.#names, place)
  }

  /** The names that stand for a generation, or will once a move under way is made, in order. */
  namesNowOrNext(place: { readonly indexUid: string; readonly generation: number }): string[] {
    const next = namesOf({ ...this.#names, table: this.newestAliases }, place)
    return [...new Set([...this.namesOf(place), ...next])].sort()
  }

  /** All that the table of aliases has, in name order, and what stands in the way of an entry. */
  listAliases(): NamedTarget[] {
    return listNames(this.#names)
  }

  /**
   * Runs a change of what the store holds of one index while no other change of it runs: a deletion in the middle of a
   * creation would leave half an index. For a caller who is gone none is begun, and one that is begun is made whole.
   * @throws HypershardError `deadline_exceeded` or `cancelled` before it begins, or what `change` throws
   */
  alone<T>(name: string, deadline: Deadline, change: () => Promise<T>): Promise<T> {
    return this.#locks.run(name, deadline, change)
  }

  /** @throws HypershardError `index_exists`, also for a name that is an alias */
  create(index: NewIndex, deadline: Deadline): Promise<CatalogEntry> {
    return this.alone(index.name, deadline, async () => {
      const record = await createIndex(this.#store, index)
      this.#setRecord(record)
      return this.#add(record, firstGeneration(record))
    })
  }

  /** A new index that begins as a version of another. @throws HypershardError `index_exists`, `conflict` */
  clone(clone: Pick<IndexRecord, 'name' | 'replicas'>, origin: Origin, deadline: Deadline): Promise<CatalogEntry> {
    return this.alone(clone.name, deadline, async () => {
      const record = await cloneIndex(this.#store, clone, origin)
      this.#setRecord(record)
      return this.#add(record, await readGeneration(this.#store, record, 1))
    })
  }

  /**
   * From the moment on at which the index's record is gone nothing of it is served, however long its files take to go.
   * @param aliases whether an index that has aliases is refused, or they go with it
   * @param onGone told at that moment; undefined when what was deleted could not be loaded
   * @throws HypershardError `index_not_found`, `index_in_use`
   */
  delete(
    name: string,
    aliases: 'refuse' | 'delete',
    deadline: Deadline,
    onGone: (record: IndexRecord | undefined) => void = () => undefined,
  ): Promise<void> {
    return this.alone(name, deadline, async () => {
      const alias = this.isIndex(name) ? undefined : entryOf(this.newestAliases, name)
      if (alias !== undefined && alias.index !== name) throw isAlias(name, alias)
      const record = this.#records.get(name)
      await deleteStored(this.#store, { name, record }, aliases, () => {
        this.#forget(name)
        onGone(record)
      })
    })
  }

  /**
   * Brings the list of indexes up to date with the store: what is new, and what is gone.
   * @returns those that are gone
   */
  async findIndexes(): Promise<IndexRecord[]> {
    // What is created while the list is read is not in it, and not gone.
    const known = new Map(this.#records)
    const names = await listIndexNames(this.#store)
    const gone: IndexRecord[] = []
    for (const [name, record] of known) {
      if (names.includes(name) || this.#records.get(name) !== record) continue
      gone.push(record)
      this.#forget(name)
    }
    for (const name of names) {
      if (this.#find(name) !== undefined) continue
      const replaced = await this.findIndex(name)
      if (replaced !== undefined) gone.push(replaced)
    }
    return gone
  }

  /**
   * Brings what is known of one index up to date with the store.
   * @returns the index that had the name and is gone, if there was one
   */
  async findIndex(name: string): Promise<IndexRecord | undefined> {
    const before = this.#records.get(name)
    if (await this.#isAsKnown(name)) return undefined
    const deadline = Deadline.after(loadMsMax)
    return (await this.alone(name, deadline, () => this.#loadIndex(name))) ? before : undefined
  }

  /** Which names are to point elsewhere; they stay where they are until `publishAliases`. Undefined for none. */
  findAliases(): Promise<NamesMove | undefined> {
    return this.#served.findMove(this.#store)
  }

  /** The entries that names are to move to and that are not served yet. @throws HypershardError of the store */
  async readTargets(move: NamesMove): Promise<CatalogEntry[]> {
    const entries: CatalogEntry[] = []
    for (const target of move.values()) {
      const record = target && this.#records.get(target.index)
      if (record?.uid !== target?.indexUid || record === undefined || this.#entries.has(keyOf(target!))) continue
      entries.push(await this.#read(record, await readGeneration(this.#store, record, target!.generation)))
    }
    return entries
  }

  /** What is served of one generation of an index; undefined for one that is not. */
  servedAt(index: string, generation: number): CatalogEntry | undefined {
    const indexUid = this.#records.get(index)?.uid
    if (indexUid === undefined || !this.serves({ indexUid, generation })) return undefined
    return this.#entries.get(keyOf({ indexUid, generation }))
  }

  /**
   * The entry at its generation's newest manifest; the same one when that is served.
   * @param versionMin a version that there is; where reading on does not come to it, those between are deleted
   */
  async findNewer(entry: CatalogEntry, versionMin = 0): Promise<CatalogEntry> {
    let manifest = await newerManifest(this.#store, entry.manifest)
    if (manifest.version < versionMin) manifest = await listedManifest(this.#store, entry.generation, manifest)
    return manifest === entry.manifest ? entry : { ...entry, manifest }
  }

  /** From now on new searches pin this manifest. An index deleted meanwhile stays deleted. */
  publish(entry: CatalogEntry): void {
    const { record, manifest } = entry
    if (this.#records.get(record.name)?.uid !== record.uid) return
    const before = this.#entries.get(keyOf(manifest))
    if (before === undefined || before.manifest.version < manifest.version) this.#setEntry(entry)
  }

  /** From now on these names point where they were to move, all at once. What they point at has been published. */
  publishAliases(move: NamesMove): void {
    this.#served.publish(move)
    // What a name stands for is no trial any more: it is let go of once no name does.
    for (const target of move.values()) if (target !== undefined) this.endTrial(target)
    this.#listed = undefined
  }

  /**
   * The manifest that a search pins: the current one, or the version that its cursor names.
   * @throws HypershardError `invalid_cursor` when that version is no longer kept
   */
  pin(entry: CatalogEntry, page: PageVersion | undefined): Promise<Manifest> {
    return this.#pinned.pin(entry, page)
  }

  #listServed(): CatalogEntry[] {
    const served = new Set(
      [...this.#records.keys(), ...Object.keys(this.aliases.aliases)].map(name => this.#find(name)),
    )
    for (const key of this.#trials) served.add(this.#entries.get(key))
    return inOrder([...served].filter(entry => entry !== undefined))
  }

  get #names(): KnownNames {
    return { table: this.aliases, records: this.#records, failures: this.#failures }
  }

  #find(name: string): CatalogEntry | undefined {
    const target = this.targetOf(name)
    return target === undefined ? undefined : this.#entries.get(keyOf(target))
  }

  /** Whether the index is served and still has the name. */
  async #isAsKnown(name: string): Promise<boolean> {
    const known = this.#records.get(name)
    if (known === undefined || this.#find(name) === undefined) return false
    const record = await readIndex(this.#store, name).catch(() => undefined)
    return record?.uid === known.uid
  }

  /** @returns whether another index had the name before, or this one is gone */
  async #loadIndex(name: string): Promise<boolean> {
    const before = this.#records.get(name)
    try {
      const record = await readIndex(this.#store, name)
      if (before?.uid === record.uid && this.#find(name) !== undefined) return false
      if (before !== undefined && before.uid !== record.uid) this.#forget(name)
      this.#setRecord(record)
      for (const target of this.#targetsIn(record)) {
        const generation = await readGeneration(this.#store, record, target)
        if (!this.#entries.has(keyOf(generation))) await this.#add(record, generation)
      }
      this.#failures.delete(name)
      return before !== undefined && before.uid !== record.uid
    } catch (error) {
      const code = error instanceof HypershardError ? error.code : undefined
      if (code === 'corrupt_data') this.#fail(name, error as HypershardError)
      else if (code !== 'index_not_found') throw error
      // A folder without a record is what a deletion left that was interrupted, or is about to take.
      else if (before !== undefined) this.#forget(name)
      return code === 'index_not_found' && before !== undefined
    }
  }

  /** The numbers of the generations of an index that some name points at. */
  #targetsIn(record: IndexRecord): Set<number> {
    const own = this.targetOf(record.name)!
    const aliased = Object.values(this.aliases.aliases).filter(({ indexUid }) => indexUid === record.uid)
    return new Set([own, ...aliased].map(({ generation }) => generation))
  }

  async #add(record: IndexRecord, generation: GenerationRecord): Promise<CatalogEntry> {
    return this.#setEntry(await this.#read(record, generation))
  }

  async #read(record: IndexRecord, generation: GenerationRecord): Promise<CatalogEntry> {
    return { record, generation, manifest: await latestManifest(this.#store, generation) }
  }

  #fail(name: string, failure: HypershardError): void {
    this.#forget(name)
    this.#failures.set(name, failure)
  }

  #setRecord(record: IndexRecord): void {
    this.#records.set(record.name, record)
    this.#listed = undefined
  }

  #setEntry(entry: CatalogEntry): CatalogEntry {
    this.#entries.set(keyOf(entry.generation), entry)
    this.#listed = undefined
    return entry
  }

  #forget(name: string): void {
    this.#listed = undefined
    const record = this.#records.get(name)
    this.#records.delete(name)
    this.#failures.delete(name)
    for (const [key, entry] of this.#entries) if (entry.record.uid === record?.uid) this.#entries.delete(key)
  }
}
