import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Announcer } from '@hypershard/announcements'
import { Deadline, silentLogger, waitWithin } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import {
  changeAliases,
  changeGenerationState,
  createDirectoryStore,
  createGeneration,
  type GenerationRecord,
  type ObjectStore,
} from '@hypershard/storage'
import { Catalog } from '../catalog/catalog.ts'
import { ModelRegistry } from '../catalog/model-registry.ts'
import { StoreWatcher } from '../catalog/store-watcher.ts'
import type { ShardWarmer } from '../cluster/shard-warmer.ts'
import { GenerationAdmin, type GenerationParts } from '../generations/generation-admin.ts'
import { WriteLogs } from '../writing/write-documents.ts'
import { AliasAdmin, type AliasOrder } from './alias-admin.ts'

const soon = () => Deadline.after(10_000)
const encoder = new FakeEncoder()
const model = { name: 'words', digest: encoder.models[0]!.digest }
const shape = { model, vectorWidth: 3, shards: 1 }

describe('moving names', () => {
  let directory: string
  let store: ObjectStore
  let catalog: Catalog
  let aliases: AliasAdmin
  let generations: GenerationAdmin
  let second: GenerationRecord

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-names-'))
    store = await createDirectoryStore(directory)
    catalog = await Catalog.load(store)
    const { record } = await catalog.create({ name: 'papers', replicas: 1, ...shape }, soon())
    second = await createGeneration(store, record, { ...shape, source: null })
    const warmer = { loadEverywhere: async () => undefined } as unknown as ShardWarmer
    const told = { onGone: () => undefined, onUnserved: () => undefined }
    const watcher = new StoreWatcher({
      catalog,
      warmer,
      log: silentLogger(),
      everyMs: 1,
      announcements: new Announcer(),
      ...told,
    })
    aliases = new AliasAdmin({ store, catalog, watcher })
    const parts = { store, catalog, watcher, models: new ModelRegistry(encoder), logs: new WriteLogs(store) }
    generations = new GenerationAdmin(parts as unknown as GenerationParts)
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  const add = (alias: string, generation?: number): AliasOrder => ({ add: { alias, index: 'papers', generation } })
  const change = (...orders: AliasOrder[]) => aliases.change(orders, quietContext())
  const setPhase = (phase: 'live' | 'dropped' | 'cancelled') => changeGenerationState(store, second, () => ({ phase }))
  const targets = () => aliases.list().aliases.map(({ alias, target }) => `${alias} ${target.generation}`)

  it('lets an alias stand for what an index serves, or for a generation that is live', async () => {
    await setPhase('live')
    await change(add('now'), add('next', 2))
    assert.deepEqual(targets(), ['next 2', 'now 1'])
    assert.equal(catalog.get('next').generation.generation, 2)
  })

  it('lets none stand for a generation that is being built, or was given up', async () => {
    await assert.rejects(change(add('next', 2)), { code: 'wrong_phase', message: /is building/ })
    for (const phase of ['cancelled', 'dropped'] as const) {
      await setPhase(phase)
      await assert.rejects(change(add('next', 2)), { code: 'wrong_phase', message: new RegExp(`is ${phase}`) })
    }
    await assert.rejects(change(add('next', 3)), { code: 'generation_not_found' })
  })

  it('carries out several orders in one step, or none of them', async () => {
    await change(add('old'))
    await assert.rejects(change(add('new'), { remove: { alias: 'none' } }), { code: 'alias_not_found' })
    assert.deepEqual(targets(), ['old 1'])
    await change(add('new'), { remove: { alias: 'old' } })
    assert.deepEqual([targets(), aliases.list().version], [['new 1'], 2])
  })

  it('moves no index’s own name, and decides again when another changed aliases meanwhile', async () => {
    await assert.rejects(change(add('papers')), { code: 'index_exists' })
    await assert.rejects(change({ remove: { alias: 'papers' } }), { code: 'alias_not_found' })
    const { putIfAbsent } = store
    const to = { index: 'papers', indexUid: catalog.get('papers').record.uid, generation: 1 }
    store.putIfAbsent = async (...given) => {
      store.putIfAbsent = putIfAbsent
      await changeAliases(store, catalog.aliases, [{ name: 'theirs', to }])
      return store.putIfAbsent(...given)
    }
    await change(add('ours'))
    assert.deepEqual(targets().sort(), ['ours 1', 'theirs 1'])
  })

  it('promotes a generation that has caught up, and rolls back to the one before', async () => {
    assert.deepEqual((await generations.promote('papers', 2, false, quietContext())).names, ['papers'])
    assert.deepEqual((await generations.rollBack('papers', false, quietContext())).record.generation, 1)
    assert.equal(catalog.get('papers').generation.generation, 1)
  })

  it('promotes none that is still being copied', async () => {
    const source = { log: { sequence: 0, parts: 0 }, backfill: { generation: 1, version: 0, slices: 1 } }
    const { record } = catalog.get('papers')
    await createGeneration(store, record, { ...shape, source })
    const promoting = waitWithin(
      generations.promote('papers', 3, false, quietContext()),
      Deadline.after(5_000),
      'promoting',
    )
    await assert.rejects(promoting, { code: 'wrong_phase', message: /not caught up/ })
    assert.equal(catalog.get('papers').generation.generation, 1)
  })

  it('rolls back to none that was dropped, and to nothing where there is nothing before', async () => {
    await assert.rejects(generations.rollBack('papers', false, quietContext()), {
      code: 'wrong_phase',
      message: /never pointed/,
    })
    await generations.promote('papers', 2, false, quietContext())
    await generations.drop('papers', 1)
    await assert.rejects(generations.rollBack('papers', false, quietContext()), {
      code: 'wrong_phase',
      message: /1 is dropped/,
    })
    assert.equal(catalog.get('papers').generation.generation, 2)
  })

  it('drops no generation that a name stands for', async () => {
    await assert.rejects(generations.drop('papers', 1), { code: 'wrong_phase', message: /papers/ })
  })
})
