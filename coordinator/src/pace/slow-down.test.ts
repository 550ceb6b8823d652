import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, HypershardError, silentLogger } from '@hypershard/common'
import {
  changeGenerationState,
  createDirectoryStore,
  createGeneration,
  type GenerationRecord,
  type ObjectStore,
  readGenerationState,
} from '@hypershard/storage'
import { Catalog } from '../catalog/catalog.ts'
import { SearchPace } from './search-pace.ts'
import { nextRate, SlowDown } from './slow-down.ts'

describe('the next rate of a generation', () => {
  const cases = [
    { what: 'is free without a limit', limit: null, slowed: null, p99: 900, rate: null },
    { what: 'is free again once the limit is taken away', limit: null, slowed: 5, p99: 900, rate: null },
    { what: 'stays free while searches are fast', slowed: null, p99: 60, rate: null },
    { what: 'is half of what the generation does when searches are slow', slowed: null, p99: 120, rate: 25 },
    { what: 'is half of that again', slowed: 25, p99: 120, measured: 24, rate: 12 },
    { what: 'is half of a guess when nobody knows the rate', slowed: null, p99: 120, measured: 0, rate: 50 },
    { what: 'is half when searches are not answered at all', slowed: null, p99: Number.POSITIVE_INFINITY, rate: 25 },
    { what: 'is never nothing', slowed: 0.5, p99: 120, measured: 0.4, rate: 0.5 },
    { what: 'stays while searches are near the limit', slowed: 20, p99: 90, measured: 20, rate: 20 },
    { what: 'is higher once they are well below', slowed: 20, p99: 50, measured: 20, rate: 26 },
    { what: 'is free when it would not hold the generation back', slowed: 1_900, p99: 50, measured: 60, rate: null },
    { what: 'stays when a few searches are slow', slowed: 20, searches: 19, p99: 120, rate: 20 },
    { what: 'stays free when a few searches are slow', slowed: null, searches: 19, p99: 120, rate: null },
    { what: 'is higher when a few searches are fast', slowed: 20, searches: 1, p99: 50, rate: 26 },
    { what: 'is twice as high when nobody searches', slowed: 20, searches: 0, p99: 0, rate: 40 },
    {
      what: 'stays right after a change when nobody searches',
      slowed: 20,
      searches: 0,
      p99: 0,
      ageMs: 9_000,
      rate: 20,
    },
    { what: 'is free when nobody searches and it was high', slowed: 1_500, searches: 0, p99: 0, rate: null },
  ]
  for (const { what, limit = 100, slowed, searches = 50, p99, measured = 50, ageMs = 15_000, rate } of cases) {
    it(what, () => {
      const changedAt = new Date(0).toISOString()
      const state = { searchP99MsMax: limit, slowedToDocumentsPerSecond: slowed, changedAt }
      assert.equal(nextRate(state, { searches, p99Ms: p99 }, { measured, nowMs: ageMs }), rate)
    })
  }
})

describe('slowing generations down for searches', () => {
  let root: string
  let store: ObjectStore
  let catalog: Catalog
  let generation: GenerationRecord
  let nowMs: number
  let pace: SearchPace
  const clock = { now: () => Date.UTC(2026, 0, 1) + nowMs, monotonicMs: () => nowMs }

  beforeEach(async () => {
    nowMs = 0
    pace = new SearchPace(clock)
    root = await mkdtemp(join(tmpdir(), 'hypershard-slow-down-'))
    store = await createDirectoryStore(root)
    catalog = await Catalog.load(store)
    const settings = { model: { name: 'words', digest: 'ab'.repeat(32) }, vectorWidth: 3, shards: 1 }
    const { record } = await catalog.create({ name: 'papers', ...settings, replicas: 1 }, Deadline.after(60_000))
    generation = await createGeneration(store, record, { ...settings, source: null }, clock)
    await changeGenerationState(store, generation, () => ({ searchP99MsMax: 100 }), clock)
  })

  afterEach(() => rm(root, { recursive: true }))

  const slowDown = () => new SlowDown({ store, catalog, pace, clock, log: silentLogger() })
  const rate = async () => (await readGenerationState(store, generation)).slowedToDocumentsPerSecond

  async function rounds(count: number, each: SlowDown) {
    for (let round = 0; round < count; round++) {
      nowMs += 3_000
      await each.adjustAll()
    }
  }

  it('slows a generation for searches that all time out', async () => {
    const late = new HypershardError('deadline_exceeded', 'told to')
    for (let at = 0; at < 20; at++) await pace.time(() => Promise.reject(late)).catch(() => undefined)
    await rounds(1, slowDown())
    assert.equal(await rate(), 50)
  })

  it('lets a generation go when the searches that it was slowed for end', async () => {
    const each = slowDown()
    for (let at = 0; at < 20; at++) pace.note(500)
    await rounds(3, each)
    assert.equal(await rate(), 12.5)
    await rounds(60, each)
    assert.equal(await rate(), null)
  })

  it('lets a generation go that was slowed before the coordinator was started anew', async () => {
    await changeGenerationState(store, generation, () => ({ slowedToDocumentsPerSecond: 5 }), clock)
    await rounds(60, slowDown())
    assert.equal(await rate(), null)
  })

  it('asks the store nothing while nobody searches and no generation is slowed', async () => {
    const each = slowDown()
    await rounds(1, each)
    const { list, get } = store
    let asked = 0
    store.list = key => {
      asked++
      return list.call(store, key)
    }
    store.get = key => {
      asked++
      return get.call(store, key)
    }
    await rounds(100, each)
    assert.equal(asked, 0)
  })
})
