import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Announcer } from '@hypershard/announcements'
import { Deadline, silentLogger } from '@hypershard/common'
import {
  changeAliases,
  changeGenerationState,
  commitManifest,
  createDirectoryStore,
  createGeneration,
  emptyAliasTable,
  type GenerationRecord,
  latestManifest,
  type ObjectStore,
} from '@hypershard/storage'
import type { ShardWarmer } from '../cluster/shard-warmer.ts'
import { Catalog, type CatalogEntry } from './catalog.ts'
import { StoreWatcher } from './store-watcher.ts'

const soon = () => Deadline.after(5_000)
const model = { name: 'words', digest: 'ab'.repeat(32) }

describe('following the store', () => {
  let directory: string
  let store: ObjectStore
  let catalog: Catalog
  let entry: CatalogEntry
  let next: GenerationRecord
  let watcher: StoreWatcher
  /** Numbers of generations that shard servers were asked to load, in order, and of those let go. */
  let loaded: string[]
  let unserved: number[]
  /** Rejects what shard servers are asked to load. */
  let refusing: boolean

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-watcher-'))
    store = await createDirectoryStore(directory)
    catalog = await Catalog.load(store)
    entry = await catalog.create({ name: 'papers', model, vectorWidth: 3, shards: 1, replicas: 1 }, soon())
    const settings = { model, vectorWidth: 3, shards: 1, source: null }
    next = await createGeneration(store, entry.record, settings)
    await changeGenerationState(store, next, () => ({ phase: 'live' }))
    loaded = []
    unserved = []
    refusing = false
    const warmer: Pick<ShardWarmer, 'loadEverywhere'> = {
      loadEverywhere: async ({ manifest }) => {
        loaded.push(`${manifest.generation}@${manifest.version}`)
        if (refusing) throw new Error('told to refuse')
      },
    }
    watcher = new StoreWatcher({
      catalog,
      warmer: warmer as ShardWarmer,
      log: silentLogger(),
      everyMs: 1,
      announcements: new Announcer(),
      onGone: () => undefined,
      onUnserved: ({ generation }) => void unserved.push(generation),
    })
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Commits that everything up to an entry of the write log is in. */
  async function follow(generation: GenerationRecord, sequence: number): Promise<void> {
    await commitManifest(store, await latestManifest(store, generation), { log: { sequence, parts: 0 } })
  }

  const promote = () => {
    const { index, indexUid, generation } = next
    return changeAliases(store, emptyAliasTable, [{ name: index, to: { index, indexUid, generation } }])
  }

  it('serves a new version once shard servers were asked to load it', async () => {
    await follow(entry.generation, 3)
    await watcher.refresh()
    assert.deepEqual([loaded, catalog.get('papers').manifest.version], [['1@1'], 1])
    await watcher.refresh()
    assert.deepEqual(loaded, ['1@1'], 'what is served is not loaded again')
  })

  it('moves no name to a generation that lacks writes which searches of the name see', async () => {
    await follow(entry.generation, 3)
    await watcher.refresh()
    await follow(next, 1)
    await promote()
    // The missing writes come in while the watcher waits for them.
    const { findNewer } = catalog
    let looks = 0
    catalog.findNewer = async (...given) => {
      if (given[0].generation.generation === next.generation && ++looks === 2) await follow(next, 3)
      return findNewer.apply(catalog, given)
    }
    const movedAt: number[] = []
    const { publishAliases } = catalog
    catalog.publishAliases = table => {
      movedAt.push(catalog.getGeneration('papers', next.generation).manifest.log.sequence)
      publishAliases.call(catalog, table)
    }
    await watcher.refresh()
    assert.deepEqual(movedAt, [3])
    assert.equal(catalog.get('papers').generation.generation, next.generation)
  })

  it('tells of the generation that no name points at any more, and of no other', async () => {
    await promote()
    await watcher.refresh()
    assert.deepEqual(unserved, [1])
    await watcher.refresh()
    assert.deepEqual(unserved, [1])
  })

  it('serves a version all the same when shard servers cannot load it', async () => {
    await follow(entry.generation, 3)
    refusing = true
    await assert.rejects(watcher.refresh(), /told to refuse/)
    assert.equal(catalog.get('papers').manifest.version, 1)
  })

  describe('waiting until a write is searchable', () => {
    it('ends with the first version that has it', async () => {
      const waiting = watcher.untilSearchable('papers', entry.record.uid, 3, soon())
      for (const sequence of [2, 3]) {
        await follow(entry.generation, sequence)
        await watcher.refresh()
      }
      assert.equal((await waiting).manifest.log.sequence, 3)
    })

    it('ends when the index is deleted, also when another has its name by then', async () => {
      const waiting = watcher.untilSearchable('papers', entry.record.uid, 3, soon())
      await catalog.delete('papers', 'refuse', soon())
      await catalog.create({ name: 'papers', model, vectorWidth: 3, shards: 1, replicas: 1 }, soon())
      watcher.wake()
      await assert.rejects(waiting, { code: 'index_not_found' })
    })
  })
})
