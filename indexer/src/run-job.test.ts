import assert from 'node:assert/strict'
import { HypershardError, quietMeter, quietTracer, silentLogger, systemClock } from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { latestManifest, readProgress } from '@hypershard/storage'

import { MergeRoom } from './compact/merge-room.ts'
import { EncodePaces } from './encoding/encode-pace.ts'
import { IndexerMeter } from './indexer-meter.ts'
import { partReader } from './ingest/part-reader.ts'
import type { Job } from './queue/job.ts'
import { runJob } from './run-job.ts'
import { TestLog } from './testing/test-log.ts'

describe('a job of an index', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  const run = (job: Job, logger = silentLogger()) => {
    const { store, encoder } = log
    const shared = { mergeRoom: new MergeRoom(store, systemClock), paces: new EncodePaces(), readPart: partReader() }
    const parts = {
      store,
      encoder,
      clock: systemClock,
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
    await run({ kind: 'collect', indexes: ['papers'] }, captured.log)
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
})
