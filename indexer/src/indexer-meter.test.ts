import assert from 'node:assert/strict'
import { RecordingMeter } from '@hypershard/harness'
import { collectMetrics } from './collect/metrics.ts'
import { compactionMetrics } from './compact/metrics.ts'
import { IndexerMeter } from './indexer-meter.ts'
import { ingestMetrics } from './ingest/metrics.ts'
import { jobMetrics } from './queue/metrics.ts'
import { TestLog } from './testing/test-log.ts'

describe('what an indexer counts of its work', () => {
  let meter: RecordingMeter
  let indexer: IndexerMeter

  beforeEach(() => {
    meter = new RecordingMeter()
    indexer = new IndexerMeter(meter)
  })

  it('is each job once, and those that run now', async () => {
    const end = Promise.withResolvers<string>()
    const running = indexer.measure('compact', () => end.promise)
    await indexer.measure('advance', async () => 'done')
    assert.equal(await meter.valueOf(jobMetrics.running, { kind: 'compact' }), 1)
    end.resolve('storage_full')
    await running
    assert.equal(await meter.valueOf(jobMetrics.running), 0)
    assert.deepEqual(await meter.by(jobMetrics.jobs, 'outcome'), { done: 1, storage_full: 1 })
    assert.equal(await meter.countOf(jobMetrics.seconds), 2)
  })

  it('is a commit for each manifest version that is created, and for nothing else', async () => {
    const log = await TestLog.create()
    try {
      const store = indexer.storeOf('backfill', log.store)
      const key = (version: number) => `indexes/papers/generations/1/manifest/000000000${version}.json`
      await store.putIfAbsent(key(1), new Uint8Array(1))
      await assert.rejects(store.putIfAbsent(key(1), new Uint8Array(1)), { code: 'conflict' })
      await store.putIfAbsent('indexes/papers/generations/1/state/0000000001.json', new Uint8Array(1))
      assert.deepEqual(await meter.by(ingestMetrics.commits, 'kind'), { backfill: 1 })
    } finally {
      await log.remove()
    }
  })

  it('is what commits, merges and collections came to', async () => {
    const work = indexer.workOf('advance')
    work.committed({ added: [{ documents: 3 }, { documents: 4 }], failed: ['one'], tookMs: 5 })
    work.overtaken()
    indexer.workOf('compact').compacted({ segments: 8, documents: 80, graph: true, tookMs: 5 })
    indexer.collected(6)
    assert.deepEqual(await meter.by(ingestMetrics.documents, 'result'), { aside: 1, indexed: 7 })
    assert.deepEqual(await meter.by(ingestMetrics.overtaken, 'kind'), { advance: 1 })
    assert.equal(await meter.countOf(ingestMetrics.commitSeconds), 2)
    const { merged, documents, graphs } = compactionMetrics
    assert.equal(await meter.valueOf(merged), 8)
    assert.equal(await meter.valueOf(documents), 80)
    assert.equal(await meter.valueOf(graphs), 1)
    assert.equal(await meter.valueOf(collectMetrics.files), 6)
  })
})
