import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '@hypershard/common'
import { changeAliases, commitManifest, createDirectoryStore, type ObjectStore, readIndex } from '@hypershard/storage'
import { Catalog, type CatalogEntry } from './catalog.ts'

const soon = () => Deadline.after(60_000)
const papers = {
  name: 'papers',
  model: { name: 'words', digest: 'ab'.repeat(32) },
  vectorWidth: 3,
  shards: 1,
  replicas: 1,
}

describe('changes of one index', () => {
  let directory: string
  let store: ObjectStore
  let catalog: Catalog

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-catalog-'))
    store = await createDirectoryStore(directory)
    catalog = await Catalog.load(store)
    await catalog.create(papers, soon())
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Holds a deletion up once its `index.json` is gone and the rest is not. */
  function holdDeletions(): { begun: Promise<void>; goOn: () => void } {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const { deletePrefix } = store
    store.deletePrefix = async folder => {
      begun.resolve()
      await goOn.promise
      return deletePrefix.call(store, folder)
    }
    return { begun: begun.promise, goOn: goOn.resolve }
  }

  it('wait for each other: an index created during a deletion of its name is whole', async () => {
    const { begun, goOn } = holdDeletions()
    const deleting = catalog.delete('papers', 'refuse', soon())
    await begun
    const creating = catalog.create(papers, soon())
    setTimeout(goOn, 30)
    await deleting
    const { record } = await creating
    assert.equal((await readIndex(store, 'papers')).uid, record.uid)
    assert.equal(catalog.get('papers').record.uid, record.uid)
  })

  it('are not begun for a caller who is gone', async () => {
    const gone = Deadline.after(60_000, { signal: AbortSignal.abort() })
    await assert.rejects(catalog.delete('papers', 'refuse', gone), { code: 'cancelled' })
    assert.equal((await readIndex(store, 'papers')).uid, catalog.get('papers').record.uid)
  })

  it('wait no longer than their deadline', async () => {
    const { begun, goOn } = holdDeletions()
    const deleting = catalog.delete('papers', 'refuse', soon())
    await begun
    await assert.rejects(catalog.create(papers, Deadline.after(10)), { code: 'deadline_exceeded' })
    goOn()
    await deleting
  })
})

describe('what a coordinator serves', () => {
  let directory: string
  let store: ObjectStore
  let catalog: Catalog
  let entry: CatalogEntry

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-catalog-'))
    store = await createDirectoryStore(directory)
    catalog = await Catalog.load(store)
    entry = await catalog.create(papers, soon())
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  const served = () => catalog.get('papers').manifest.version

  it('only goes forward, in whatever order versions are published', async () => {
    const first = await commitManifest(store, entry.manifest, {})
    const second = await commitManifest(store, first, {})
    for (const manifest of [second, first]) catalog.publish({ ...entry, manifest })
    assert.equal(served(), 2)
  })

  it('has nothing of a deleted index, though its name was given to another', async () => {
    const manifest = await commitManifest(store, entry.manifest, {})
    await catalog.delete('papers', 'refuse', soon())
    catalog.publish({ ...entry, manifest })
    assert.throws(() => catalog.get('papers'), { code: 'index_not_found' })
    await catalog.create(papers, soon())
    catalog.publish({ ...entry, manifest })
    assert.equal(served(), 0)
  })

  it('ends with the newest names, in whatever order moves are published', async () => {
    const to = { index: 'papers', indexUid: entry.record.uid, generation: 1 }
    const first = await changeAliases(store, catalog.aliases, [{ name: 'live', to }])
    const moves = [await catalog.findAliases()]
    await changeAliases(store, first, [
      { name: 'live', to: null },
      { name: 'newest', to },
    ])
    moves.push(await catalog.findAliases())
    assert.deepEqual(Object.keys(catalog.aliases.aliases), [])
    for (const move of moves.reverse()) catalog.publishAliases(move!)
    assert.deepEqual(Object.keys(catalog.aliases.aliases), ['newest'])
  })

  it('is, to a cursor, the version of its first page, until that is gone', async () => {
    const first = await commitManifest(store, entry.manifest, {})
    const now = { ...entry, manifest: await commitManifest(store, first, {}) }
    catalog.publish(now)
    const versionOf = async (version: number) => (await catalog.pin(now, { generation: 1, version })).version
    assert.deepEqual([await versionOf(1), await versionOf(2)], [1, 2])
    assert.equal((await catalog.pin(now, undefined)).version, 2)
    const told = 'cursor: version 7 of index `papers` can no longer be read; search again without a cursor'
    await assert.rejects(versionOf(7), { code: 'invalid_cursor', message: told })
  })
})
