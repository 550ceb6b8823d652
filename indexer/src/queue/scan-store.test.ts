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
import type { Job } from './job.ts'
import { StoreScanner, slicesNamedMax } from './scan-store.ts'

describe('finding work in the store', () => {
  let log: TestLog
  let nowMs: number
  let scanner: StoreScanner

  beforeEach(async () => {
    log = await TestLog.create()
    nowMs = 0
    const clock = { now: () => nowMs, monotonicMs: () => nowMs }
    scanner = new StoreScanner(log.store, clock, { everyMs: () => 200, keepMs: 600_000 })
  })

  afterEach(() => log.remove())

  /** Looks again, with the list of generations read anew; jobs as `kind generation` or `kind generation slice`. */
  async function scan(isDue: (job: Job) => boolean = () => true) {
    nowMs += 1_000
    const jobs = await scanner.findWork(isDue)
    return jobs.map(job => {
      if (!('generation' in job)) return job.kind
      return `${job.kind} ${job.generation}${job.kind === 'backfill' ? ` ${job.slice}` : ''}`
    })
  }

  async function commit(generation: GenerationRecord, content: Partial<Manifest>): Promise<void> {
    await commitManifest(log.store, await latestManifest(log.store, generation), content)
  }

  it('is none at the end of the log, and following it where it goes on', async () => {
    assert.deepEqual(await scan(), [])
    for (const text of ['one', 'two']) await log.write({ a: text })
    assert.deepEqual(await scan(), ['advance 1'])
    await commit(log.generation, { log: { sequence: 1, parts: 0 } })
    assert.deepEqual(await scan(), ['advance 1'])
    await commit(log.generation, { log: { sequence: 2, parts: 0 } })
    assert.deepEqual(await scan(), [])
  })

  const backfillOf = (slices: number) => ({ generation: 1, version: 1, slices })

  /** A generation that copies slices of the first one, which has a write that the new one has not. */
  async function startBuild(slices: number): Promise<GenerationRecord> {
    await log.write({ a: 'one' })
    await commit(log.generation, { log: { sequence: 1, parts: 0 } })
    const { model, vectorWidth, shards } = log.generation
    const source = { log: { sequence: 0, parts: 0 }, backfill: backfillOf(slices) }
    return createGeneration(log.store, log.index, { model, vectorWidth, shards, source })
  }

  it('is copying what is not in yet of a build, and following the log once all is', async () => {
    const build = await startBuild(3)
    const backfill = backfillOf(3)
    assert.deepEqual(await scan(), ['backfill 2 0', 'backfill 2 1', 'backfill 2 2'])
    await commit(build, { backfill: { ...backfill, done: [1] } })
    assert.deepEqual(await scan(), ['backfill 2 0', 'backfill 2 2'])
    await commit(build, { backfill: { ...backfill, done: [0, 1, 2] } })
    assert.deepEqual(await scan(), ['advance 2'])
  })

  it('is the next slices that may be copied yet, and no more than a queue holds well', async () => {
    const named = (slices: number[]) => slices.map(slice => `backfill 2 ${slice}`)
    const slices = Array.from({ length: slicesNamedMax + 10 }, (_, slice) => slice)
    const build = await startBuild(slices.length)
    assert.deepEqual(await scan(), named(slices.slice(0, slicesNamedMax)))
    // Those that failed a moment ago keep no place from the others.
    const failed = new Set(slices.slice(0, slicesNamedMax))
    const isDue = (job: Job) => job.kind !== 'backfill' || !failed.has(job.slice)
    assert.deepEqual(await scan(isDue), named(slices.slice(slicesNamedMax)))
    await commit(build, { backfill: { ...backfillOf(slices.length), done: [0, 1, 2] } })
    assert.deepEqual(await scan(), named(slices.slice(3, slicesNamedMax + 3)))
  })

  it('is none of a generation that is paused or given up', async () => {
    await log.write({ a: 'one' })
    const generation = firstGeneration(log.index)
    for (const change of [{ paused: true }, { paused: false, phase: 'dropped' as const }]) {
      await changeGenerationState(log.store, generation, () => change)
      assert.deepEqual(await scan(), [])
    }
    await changeGenerationState(log.store, generation, () => ({ phase: 'live' }))
    assert.deepEqual(await scan(), ['advance 1'])
  })

  it('is looking for old files, a minute after something changed', async () => {
    assert.deepEqual(await scan(), [])
    nowMs += 58_000
    assert.deepEqual(await scan(), [])
    assert.deepEqual(await scan(), ['collect'])
    nowMs += 61_000
    assert.deepEqual(await scan(), [])
    await commit(log.generation, {})
    assert.deepEqual(await scan(), ['collect'])
  })
})
