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

  for (const { scanEveryMs, listEveryMs } of [
    { scanEveryMs: 10, listEveryMs: 100 },
    { scanEveryMs: 100, listEveryMs: 1_000 },
    { scanEveryMs: 60_000, listEveryMs: 1_000 },
  ]) {
    it(`finds a new index within ${listEveryMs} ms where it scans every ${scanEveryMs} ms, and not at each scan`, async () => {
      let nowMs = 0
      const scanner = new StoreScanner(log.store, { now: () => nowMs, monotonicMs: () => nowMs }, scanEveryMs)
      assert.deepEqual(await scanner.findWork(() => true), [])
      await createWritten('notes')
      nowMs += listEveryMs - 1
      assert.deepEqual(await scanner.findWork(() => true), [])
      nowMs += 1
      assert.deepEqual(
        (await scanner.findWork(() => true)).map(job => [job.kind, 'index' in job && job.index]),
        [['advance', 'notes']],
      )
    })
  }
})
