import assert from 'node:assert/strict'
import { Announcer, type Hint } from '@hypershard/announcements'
import { Deadline, silentLogger } from '@hypershard/common'
import { eventually, VirtualClock } from '@hypershard/harness'
import { MemoryStore } from '@hypershard/harness/stores'
import {
  announcingStore,
  changeAliases,
  commitManifest,
  createIndex,
  deleteIndex,
  emptyAliasTable,
  type IndexRecord,
  latestManifest,
  type Manifest,
  type ObjectStore,
} from '@hypershard/storage'
import { Catalog, type CatalogEntry } from './catalog.ts'
import { StoreWatcher } from './store-watcher.ts'

const soon = () => Deadline.after(20_000)
const everyMs = 60_000
const model = { name: 'words', digest: 'ab'.repeat(32) }

describe('hearing of what others put into the store', () => {
  let memory: MemoryStore
  /** The store as the others use it; what they tell lies in `told` until the test has it heard. */
  let others: ObjectStore
  let told: string[]
  let clock: VirtualClock
  let announcer: Announcer
  let catalog: Catalog
  let watcher: StoreWatcher
  let hear: (hint: Hint) => void
  let gone: string[]
  let loading: (entry: CatalogEntry) => Promise<void>

  beforeEach(() => {
    memory = new MemoryStore()
    told = []
    others = announcingStore(memory, key => void told.push(key))
    clock = new VirtualClock()
    announcer = new Announcer()
    announcer.open(ear => {
      hear = hint => ear.receive(hint)
      return { send: () => undefined, hearing: true, close: () => undefined }
    })
    gone = []
    loading = async () => undefined
  })

  afterEach(() => watcher.stop())

  async function start(): Promise<void> {
    catalog = await Catalog.load(memory)
    watcher = new StoreWatcher({
      catalog,
      warmer: { loadEverywhere: entry => loading(entry) },
      log: silentLogger(),
      announcements: announcer,
      everyMs,
      clock,
      onGone: ({ name }) => void gone.push(name),
      onUnserved: () => undefined,
    })
    watcher.start()
  }

  const create = (name: string) => createIndex(others, { name, model, vectorWidth: 2, shards: 1, replicas: 1 })

  async function commit({ name: index, uid: indexUid }: IndexRecord, sequence: number): Promise<Manifest> {
    const { generation } = catalog.get(index)
    assert.equal(generation.indexUid, indexUid)
    return commitManifest(others, await latestManifest(others, generation), { log: { sequence, parts: 0 } })
  }

  /** What was told arrives, in this order. */
  function deliver(keys = told.splice(0)): void {
    for (const key of keys) hear({ sender: 'another', key })
  }

  const served = (name: string) => catalog.get(name).manifest.version
  const untilServed = (name: string, version: number) => eventually(() => served(name) === version)

  it('serves at once, without any time passing, what it is told of', async () => {
    const papers = await create('papers')
    await start()
    assert.equal(catalog.list()[0]!.manifest.version, 0)
    await commit(papers, 1)
    deliver()
    await untilServed('papers', 1)
    assert.deepEqual(
      catalog.list().map(({ manifest }) => manifest.version),
      [1],
    )
    const notes = await create('notes')
    deliver()
    await eventually(() => catalog.isIndex('notes'))
    const to = { index: 'notes', indexUid: notes.uid, generation: 1 }
    await changeAliases(others, emptyAliasTable, [{ name: 'live', to }])
    deliver()
    await eventually(() => catalog.targetOf('live')?.index === 'notes')
    await deleteIndex(others, 'papers')
    deliver()
    await eventually(() => !catalog.isIndex('papers'))
    assert.deepEqual(gone, ['papers'])
  })

  it('ends with the newest version whatever hints are lost, doubled or late', async () => {
    const papers = await create('papers')
    await start()
    for (const sequence of [1, 2, 3, 4]) await commit(papers, sequence)
    const [first, , third] = told.filter(key => key.includes('/manifest/'))
    deliver([third!, first!, third!, first!])
    await untilServed('papers', 4)
    const before = memory.requests
    deliver([first!, third!])
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(memory.requests, before, 'what is known already costs nothing')
  })

  it('hears of a version while an earlier one is being loaded', async () => {
    const papers = await create('papers')
    await start()
    const loaded = Promise.withResolvers<void>()
    loading = () => loaded.promise
    await commit(papers, 1)
    deliver()
    await new Promise(resolve => setImmediate(resolve))
    await commit(papers, 2)
    deliver()
    loaded.resolve()
    await untilServed('papers', 2)
  })

  it('finds what nobody told of within the time set', async () => {
    const papers = await create('papers')
    await start()
    await clock.advance(everyMs)
    await commit(papers, 1)
    await create('notes')
    await clock.advance(everyMs)
    await eventually(() => served('papers') === 1 && catalog.isIndex('notes'))
  })

  it('finds an index that another has the place of by now, and nobody told', async () => {
    const before = await create('papers')
    await start()
    await deleteIndex(others, 'papers')
    const after = await create('papers')
    await clock.advance(5 * everyMs)
    await eventually(() => catalog.get('papers').record.uid === after.uid)
    assert.notEqual(before.uid, after.uid)
    assert.deepEqual(gone, ['papers'])
  })

  it('finds the newest version though what comes next after the one it knows is deleted', async () => {
    const papers = await create('papers')
    await start()
    for (const sequence of [1, 2, 3]) await commit(papers, sequence)
    const keys = told.filter(key => key.includes('/manifest/'))
    for (const key of keys.slice(0, 2)) await others.delete(key)
    deliver([keys[2]!])
    await untilServed('papers', 3)
  })

  it('looks at everything once it may have missed something', async () => {
    const papers = await create('papers')
    await start()
    await clock.advance(0)
    await commit(papers, 1)
    hear({ sender: 'another', key: '' })
    await untilServed('papers', 1)
  })

  it('sees a write that somebody waits for though nobody tells, and tells indexers of it again', async () => {
    const papers = await create('papers')
    await start()
    const retold: string[] = []
    announcer.listen({ onHint: key => retold.push(key), onGap: () => undefined })
    await commit(papers, 1)
    const waiting = watcher.untilSearchable('papers', papers.uid, 2, soon())
    await clock.advance(2_000)
    assert.ok(retold.some(key => key.endsWith('/entries/0000000002.json')))
    await commit(papers, 2)
    await clock.advance(1_000)
    assert.equal((await waiting).manifest.version, 2)
    retold.length = 0
    await clock.advance(5_000)
    assert.deepEqual(retold, [], 'nobody waits any more')
  })

  for (const { indexes, perSecondMax } of [
    { indexes: 10, perSecondMax: 0.4 },
    { indexes: 500, perSecondMax: 12 },
  ]) {
    it(`asks the store at most ${perSecondMax} times a second while ${indexes} indexes are idle`, async () => {
      for (let at = 0; at < indexes; at++) await create(`index-${at}`)
      await start()
      await clock.advance(0)
      const before = memory.requests
      const seconds = 120
      await clock.advance(seconds * 1_000)
      const perSecond = (memory.requests - before) / seconds
      assert.ok(perSecond > 0 && perSecond <= perSecondMax, `${perSecond} requests a second`)
    })
  }
})
