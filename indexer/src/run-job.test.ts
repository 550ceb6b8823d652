import assert from 'node:assert/strict'
import { HypershardError, silentLogger, systemClock } from '@hypershard/common'
import { latestManifest, readProgress } from '@hypershard/storage'
import { MergeRoom } from './compact/merge-room.ts'
import { runJob } from './run-job.ts'
import { TestLog } from './testing/test-log.ts'

describe('a job of an index', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  const advance = () => {
    const { name: index, uid: indexUid } = log.index
    const { store, encoder } = log
    const mergeRoom = new MergeRoom(store, systemClock)
    const parts = { store, encoder, clock: systemClock, log: silentLogger(), mergeRoom, keepMs: 1 }
    return runJob({ kind: 'advance', index, indexUid, generation: 1 }, parts, new AbortController().signal)
  }

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
