import assert from 'node:assert/strict'
import {
  changeGenerationState,
  commitManifest,
  createGeneration,
  firstGeneration,
  type GenerationRecord,
  latestManifest,
  type Manifest,
} from '@hypershard/storage'
import { TestLog } from '../testing/test-log.ts'
import { jobKey } from './job.ts'
import { StoreScanner } from './scan-store.ts'

describe('finding work in the store', () => {
  let log: TestLog
  let nowMs: number
  let scanner: StoreScanner

  beforeEach(async () => {
    log = await TestLog.create()
    nowMs = 0
    scanner = new StoreScanner(log.store, { now: () => nowMs, monotonicMs: () => nowMs }, 100)
  })

  afterEach(() => log.remove())

  /** Looks again, with the list of generations read anew; jobs as `kind generation` or `kind generation slice`. */
  async function scan() {
    nowMs += 1_000
    const { jobs, flows } = await scanner.findWork()
    const named = (list: typeof jobs) =>
      list.map(job => {
        if (job.kind === 'collect') return 'collect'
        return `${job.kind} ${job.generation}${job.kind === 'backfill' ? ` ${job.slice}` : ''}`
      })
    return { jobs: named(jobs), flows: flows.map(({ jobs: some, last }) => [named(some), jobKey(last).split('-')[0]]) }
  }

  const nothing = { jobs: [], flows: [] }

  async function commit(generation: GenerationRecord, content: Partial<Manifest>): Promise<void> {
    await commitManifest(log.store, await latestManifest(log.store, generation), content)
  }

  it('is none at the end of the log, and following it where it goes on', async () => {
    assert.deepEqual(await scan(), nothing)
    for (const text of ['one', 'two']) await log.write({ a: text })
    assert.deepEqual(await scan(), { jobs: ['advance 1'], flows: [] })
    await commit(log.generation, { log: { sequence: 1, parts: 0 } })
    assert.deepEqual(await scan(), { jobs: ['advance 1'], flows: [] })
    await commit(log.generation, { log: { sequence: 2, parts: 0 } })
    assert.deepEqual(await scan(), nothing)
  })

  it('is copying what is not in yet of a build, and following the log once all is', async () => {
    await log.write({ a: 'one' })
    await commit(log.generation, { log: { sequence: 1, parts: 0 } })
    const backfill = { generation: 1, version: 1, slices: 3 }
    const { model, vectorWidth, shards } = log.generation
    const source = { log: { sequence: 0, parts: 0 }, backfill }
    const build = await createGeneration(log.store, log.index, { model, vectorWidth, shards, source })
    assert.deepEqual(await scan(), { jobs: [], flows: [[['backfill 2 0', 'backfill 2 1', 'backfill 2 2'], 'advance']] })
    await commit(build, { backfill: { ...backfill, done: [1] } })
    assert.deepEqual(await scan(), { jobs: [], flows: [[['backfill 2 0', 'backfill 2 2'], 'advance']] })
    await commit(build, { backfill: { ...backfill, done: [0, 1, 2] } })
    assert.deepEqual(await scan(), { jobs: ['advance 2'], flows: [] })
  })

  it('is none of a generation that is paused or given up', async () => {
    await log.write({ a: 'one' })
    const generation = firstGeneration(log.index)
    for (const change of [{ paused: true }, { paused: false, phase: 'dropped' as const }]) {
      await changeGenerationState(log.store, generation, () => change)
      assert.deepEqual(await scan(), nothing)
    }
    await changeGenerationState(log.store, generation, () => ({ phase: 'live' }))
    assert.deepEqual((await scan()).jobs, ['advance 1'])
  })

  it('is looking for old files, once a minute', async () => {
    nowMs += 58_000
    assert.deepEqual(await scan(), nothing)
    assert.deepEqual(await scan(), { jobs: ['collect'], flows: [] })
    assert.deepEqual(await scan(), nothing)
  })
})
