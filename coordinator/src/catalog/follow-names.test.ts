import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Announcer } from '@hypershard/announcements'
import { Deadline, silentLogger } from '@hypershard/common'
import {
  changeAliases,
  commitManifest,
  createDirectoryStore,
  createGeneration,
  type GenerationRecord,
  latestAliasTable,
  latestManifest,
  type ObjectStore,
} from '@hypershard/storage'
import { Catalog, type CatalogEntry } from './catalog.ts'
import { StoreWatcher } from './store-watcher.ts'

const soon = () => Deadline.after(20_000)
const settings = { model: { name: 'words', digest: 'ab'.repeat(32) }, vectorWidth: 3, shards: 1 }

describe('following names in the store', () => {
  let root: string
  let store: ObjectStore
  let catalog: Catalog
  let watcher: StoreWatcher
  /** By index and generation: loading it waits for this. */
  let slow: Map<string, PromiseWithResolvers<void>>

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'hypershard-watcher-'))
    store = await createDirectoryStore(root)
    catalog = await Catalog.load(store)
    slow = new Map()
    const warmer = {
      loadEverywhere: async ({ record, generation }: CatalogEntry) =>
        slow.get(`${record.name}/${generation.generation}`)?.promise,
    }
    watcher = new StoreWatcher({
      catalog,
      warmer,
      log: silentLogger(),
      everyMs: 5,
      announcements: new Announcer(),
      onGone: () => undefined,
      onUnserved: () => undefined,
    })
    for (const name of ['slow', 'quick']) await catalog.create({ name, ...settings, replicas: 1 }, soon())
    watcher.start()
  })

  afterEach(async () => {
    for (const { resolve } of slow.values()) resolve()
    await watcher.stop()
    await rm(root, { recursive: true })
  })

  function generationOf(index: string): Promise<GenerationRecord> {
    return createGeneration(store, catalog.get(index).record, { ...settings, source: null })
  }

  async function alias(name: string, { index, indexUid, generation }: GenerationRecord): Promise<void> {
    const to = { index, indexUid, generation }
    await changeAliases(store, await latestAliasTable(store), [{ name, to }])
  }

  /** An alias of a generation that is not loaded before the test says so. */
  async function aliasSlowly(name: string): Promise<GenerationRecord> {
    const target = await generationOf('slow')
    slow.set(`slow/${target.generation}`, Promise.withResolvers<void>())
    await alias(name, target)
    await watcher.findMoves()
    return target
  }

  it('serves new versions while an alias waits for what it is to point at', async () => {
    await aliasSlowly('late')
    const { manifest, record } = catalog.get('quick')
    await commitManifest(store, await latestManifest(store, catalog.get('quick').generation), {
      log: { sequence: 1, parts: 0 },
    })
    const served = await watcher.untilSearchable('quick', record.uid, 1, soon())
    assert.equal(served.manifest.version, manifest.version + 1)
    assert.throws(() => catalog.get('late'), { code: 'index_not_found' })
  })

  it('moves one alias while another waits for what it is to point at', async () => {
    await aliasSlowly('late')
    const target = await generationOf('quick')
    await alias('early', target)
    await watcher.untilMoved(['early'], soon())
    assert.equal(catalog.get('early').generation.generation, target.generation)
    assert.deepEqual(Object.keys(catalog.aliases.aliases), ['early'])
    assert.deepEqual(Object.keys(catalog.newestAliases.aliases).sort(), ['early', 'late'])
  })

  it('waits no longer than the deadline for an alias that is slow to move, which moves all the same', async () => {
    const target = await aliasSlowly('late')
    await assert.rejects(watcher.untilMoved(['late'], Deadline.after(20)), { code: 'deadline_exceeded' })
    slow.get(`slow/${target.generation}`)!.resolve()
    await watcher.untilMoved(['late'], soon())
    assert.equal(catalog.get('late').generation.generation, target.generation)
  })

  it('makes two moves of one alias in their order', async () => {
    const first = await aliasSlowly('late')
    await alias('late', await generationOf('quick'))
    await watcher.findMoves()
    assert.throws(() => catalog.get('late'), { code: 'index_not_found' })
    slow.get(`slow/${first.generation}`)!.resolve()
    await watcher.untilMoved(['late'], soon())
    assert.equal(catalog.get('late').record.name, 'quick')
  })
})
