import assert from 'node:assert/strict'
import {
  type Clock,
  HypershardError,
  type Logger,
  quietMeter,
  quietTracer,
  silentLogger,
  systemClock,
} from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { createGeneration, latestManifest, readGeneration, readProgress } from '@hypershard/storage'
import { MergeRoom } from './compact/merge-room.ts'
import { EncodePaces } from './encoding/encode-pace.ts'
import { RecentTexts } from './encoding/recent-texts.ts'
import { IndexerMeter } from './indexer-meter.ts'
import { partReader } from './ingest/part-reader.ts'
import { OngoingWorks } from './progress/ongoing-work.ts'
import type { Job } from './queue/job.ts'
import { runJob } from './run-job.ts'
import { TestLog } from './testing/test-log.ts'

describe('a job of an index', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  interface RunOptions {
    readonly logger?: Logger
    readonly clock?: Clock
  }

  const run = (job: Job, { logger = silentLogger(), clock = systemClock }: RunOptions = {}) => {
    const { store, encoder } = log
    const shared = {
      mergeRoom: new MergeRoom(store, systemClock),
      paces: new EncodePaces(),
      ongoing: new OngoingWorks(store, clock),
      recent: new RecentTexts(),
      readPart: partReader(),
    }
    const parts = {
      store,
      encoder,
      clock,
      log: logger,
      tracer: quietTracer,
      keepMs: 1,
      meter: new IndexerMeter(quietMeter),
      ...shared,
    }
    return runJob(job, parts, { signal: new AbortController().signal, othersWait: async () => false })
  }

  const advance = () => {
    const { name: index, uid: indexUid } = log.index
    return run({ kind: 'advance', index, indexUid, generation: 1 })
  }

  it('says with what it tells which job it is', async () => {
    const captured = captureLog()
    const { get } = log.store
    log.store.get = key => {
      if (key.endsWith('/index.json')) throw new HypershardError('storage_failed', 'told to fail')
      return get.call(log.store, key)
    }
    await run({ kind: 'collect', indexes: ['papers'] }, { logger: captured.log })
    const told = captured.lines.map(({ msg, job, index }) => ({ msg, job, index }))
    const job = { kind: 'collect', indexes: ['papers'] }
    assert.deepEqual(told, [{ msg: 'old files were not deleted', job, index: 'papers' }])
  })

  it('whose model the encoder service does not have says which model that is, and goes on once it is there', async () => {
    await log.write({ a: 'one' })
    const models = [{ name: 'numbers', digest: 'ab'.repeat(32) }]
    log.encoder.failure = new HypershardError('model_not_found', 'no model f00', { details: { digest: 'f00', models } })
    const problem = /^index `papers`: it was made with the model `letters`, .* \(it has `numbers`\)/
    await assert.rejects(advance(), { code: 'model_not_served', message: problem })
    const told = (await readProgress(log.store, log.generation))!.problem!
    assert.equal(told.code, 'model_not_served')
    assert.match(told.message, problem)
    log.encoder.failure = undefined
    await advance()
    assert.deepEqual(await log.documentsOf(await latestManifest(log.store, log.generation)), ['a@1 one'])
  })

  it('that copies a slice tells what is encoded of it until it is committed, and then no more', async () => {
    await log.write({ a: 'one', b: 'two', c: 'three' })
    await advance()
    const { version, log: position } = await latestManifest(log.store, log.generation)
    const { model, vectorWidth, shards } = log.generation
    const source = { log: position, backfill: { generation: 1, version, slices: 1 } }
    const build = await createGeneration(log.store, log.index, { model, vectorWidth, shards, source })
    // Each look at it is a second later, so that all that is told is written.
    let nowMs = 0
    const clock = { now: () => nowMs, monotonicMs: () => (nowMs += 1_000) }
    const { put } = log.store
    const told: number[] = []
    const writes: Promise<void>[] = []
    log.store.put = (key, bytes) => {
      if (key.endsWith('/progress.json')) told.push(JSON.parse(Buffer.from(bytes).toString()).encoded)
      const write = put.call(log.store, key, bytes)
      writes.push(write)
      return write
    }
    const { name: index, uid: indexUid } = log.index
    await run({ kind: 'backfill', index, indexUid, generation: build.generation, slice: 0 }, { clock })
    await Promise.all(writes)
    assert.deepEqual([told[0], told.at(-1)], [3, 0])
  })

  it('has its rate and its report together with all others on the generation', async () => {
    const works = new OngoingWorks(log.store, systemClock)
    const [one, again] = [works.of(log.generation), works.of(await readGeneration(log.store, log.index, 1))]
    assert.equal(one, again)
    assert.notEqual(one, works.of({ ...log.generation, generation: 2 }))
  })
})
