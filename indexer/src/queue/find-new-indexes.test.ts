import assert from 'node:assert/strict'
import { createIndex, LogPartBuilder, WriteLog } from '@hypershard/storage'
import { TestLog } from '../testing/test-log.ts'
import { StoreScanner } from './scan-store.ts'

describe('looking for new indexes', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  /** An index that nobody listed so far, with one write in its log. */
  async function createWritten(name: string): Promise<void> {
    const { model, vectorWidth } = log.index
    const index = await createIndex(log.store, { name, model, vectorWidth, shards: 1, replicas: 1 })
    const part = new LogPartBuilder()
    part.add({ type: 'put', document: { id: 'a', title: '', text: 'a', fields: '{}' } })
    const stored = await part.store(log.store, { index: name, indexUid: index.uid })
    await new WriteLog(log.store, index).append({ parts: [stored] })
  }

  for (const everyMs of [100, 1_000, 60_000]) {
    it(`finds a new index within ${everyMs} ms where it looks so often, and not at each scan`, async () => {
      let nowMs = 0
      const clock = { now: () => nowMs, monotonicMs: () => nowMs }
      const scanner = new StoreScanner(log.store, clock, { everyMs: () => everyMs, keepMs: 3_600_000 })
      assert.deepEqual(await scanner.findWork(() => true), [])
      await createWritten('notes')
      const found: string[] = []
      for (let tick = 0; tick < 4; tick++) {
        nowMs += everyMs / 4
        for (const job of await scanner.findWork(() => true))
          found.push(`${tick} ${job.kind} ${'index' in job && job.index}`)
      }
      assert.equal(found.length, 1)
      assert.match(found[0]!, /^[1-3] advance notes$/)
    })
  }
})
