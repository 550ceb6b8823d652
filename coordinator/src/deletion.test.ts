import assert from 'node:assert/strict'
import { Announcer } from '@hypershard/announcements'
import { Deadline, HypershardError, quietTelemetry, RequestContext, readConfig, silentLogger } from '@hypershard/common'
import { eventually, FakeEncoder } from '@hypershard/harness'
import { MemoryStore } from '@hypershard/harness/stores'
import { changeGenerationState, createGeneration, readIndex } from '@hypershard/storage'
import { coordinatorConfig } from './config.ts'
import type { Coordinator } from './coordinator.ts'
import { searchInputOf } from './search/search-input.ts'
import { assembleCoordinator } from './start-coordinator.ts'
import { FakeMembership } from './testing/fake-membership.ts'
import { FakeShardServer } from './testing/fake-shard-server.ts'

const server = 'shard-0.test:7710'

describe('a caller who goes away in the middle of', () => {
  let store: MemoryStore
  let shardServer: FakeShardServer
  let coordinator: Coordinator
  let stops: (() => unknown)[]
  let gone: AbortController

  beforeEach(async () => {
    store = new MemoryStore()
    stops = []
    shardServer = new FakeShardServer(server, () => store)
    coordinator = await start()
    gone = new AbortController()
    await coordinator.createIndex({ name: 'papers', shards: 1, replicas: 1 } as never, soon())
  })

  afterEach(async () => {
    for (const stop of stops.reverse()) await stop()
  })

  const soon = (signal?: AbortSignal) =>
    new RequestContext({ log: silentLogger(), deadline: Deadline.after(20_000, signal && { signal }) })

  function start(): Promise<Coordinator> {
    const config = readConfig(coordinatorConfig, {
      HYPERSHARD_ENCODER: 'encoder.test:7720',
      HYPERSHARD_SHARD_SERVERS: server,
      HYPERSHARD_STORE: '/nowhere',
      HYPERSHARD_HEALTH_INTERVAL_MS: '50',
      HYPERSHARD_REFRESH_MS: '600000',
    })
    const connections = {
      openStore: async () => store,
      openMembership: () => new FakeMembership([{ address: server, weight: 1, zone: '' }]),
      connectEncoder: () => new FakeEncoder(),
      connectShardServer: () => shardServer,
    }
    const surroundings = { connections, announcer: new Announcer(), pauses: { unserved: async () => undefined } }
    return assembleCoordinator(config, quietTelemetry(), surroundings, stops)
  }

  const search = (of: Coordinator) => of.search(searchInputOf('papers', { query: 'stars' }), soon())

  /** The caller goes away when the index's record is gone, and its files go no further until told. */
  function holdFiles(): { readonly begun: Promise<void>; readonly goOn: PromiseWithResolvers<void> } {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const { deletePrefix } = store
    const deleteOne = store.delete
    store.delete = async key => {
      if (key.endsWith('/index.json')) gone.abort()
      return deleteOne.call(store, key)
    }
    store.deletePrefix = async folder => {
      begun.resolve()
      await goOn.promise
      return deletePrefix.call(store, folder)
    }
    return { begun: begun.promise, goOn }
  }

  it('a deletion finds it whole, and searches none of it from the moment on that the index is gone', async () => {
    const { uid } = await readIndex(store, 'papers')
    const { begun, goOn } = holdFiles()
    const deleting = coordinator.deleteIndex('papers', 'refuse', soon(gone.signal))
    await begun
    await assert.rejects(search(coordinator), { code: 'index_not_found' })
    goOn.resolve()
    await assert.rejects(deleting, { code: 'cancelled' })
    assert.deepEqual(await store.list('indexes/'), [])
    assert.deepEqual(shardServer.released, [uid])
  })

  it('a deletion that fails there leaves nothing that is served', async () => {
    const { goOn } = holdFiles()
    goOn.reject(new HypershardError('storage_failed', 'told to fail'))
    await assert.rejects(coordinator.deleteIndex('papers', 'refuse', soon(gone.signal)), { code: 'storage_failed' })
    await assert.rejects(search(coordinator), { code: 'index_not_found' })
    assert.equal(shardServer.released.length, 1)
    await coordinator.createIndex({ name: 'papers', shards: 1, replicas: 1 } as never, soon())
  })

  it('a promotion: the generation is no trial any more, and let go of with its last name', async () => {
    const record = await readIndex(store, 'papers')
    const { model, vectorWidth } = record
    const built = await createGeneration(store, record, { model, vectorWidth, shards: 1, source: null })
    await changeGenerationState(store, built, () => ({ phase: 'live' }))
    const { putIfAbsent } = store
    store.putIfAbsent = async (key, bytes) => {
      await putIfAbsent.call(store, key, bytes)
      if (key.startsWith('aliases/')) gone.abort()
    }
    const promoting = coordinator.generations.promote('papers', 2, false, soon(gone.signal))
    await assert.rejects(promoting, { code: 'cancelled' })
    const served = () => coordinator.getIndex('papers').generation.generation
    await eventually(() => served() === 2)
    await coordinator.generations.rollBack('papers', false, soon())
    await eventually(() => shardServer.releasedGenerations.includes(2))
  })
})
