import assert from 'node:assert/strict'
import type { Clock } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { latestManifest, type Manifest } from '@hypershard/storage'
import { TestLog } from '../testing/test-log.ts'
import { ingestLog } from './ingest-log.ts'
import { LogLag } from './log-lag.ts'

describe('how far indexes are behind their logs', () => {
  let log: TestLog
  let nowMs: number
  let followed: Manifest[]
  let lag: LogLag

  beforeEach(async () => {
    log = await TestLog.create()
    nowMs = 0
    followed = [await latestManifest(log.store, log.generation)]
    // It is an hour later than the writes.
    const clock: Clock = {
      now: () => Date.now() + 3_600_000,
      monotonicMs: () => nowMs,
      pause: () => new Promise(() => {}),
    }
    lag = new LogLag(log.store, clock, () => followed)
  })

  afterEach(() => log.remove())

  it('is nothing where nothing waits', async () => {
    assert.deepEqual(await lag.look(), { documents: 0, worst: 0, oldestMs: 0 })
  })

  it('is what was written and is not indexed, and how long the oldest has waited', async () => {
    await log.write({ a: 'a', b: 'b' })
    await log.write({ c: 'c' }, { d: null })
    const { documents, worst, oldestMs } = (await lag.look())!
    assert.deepEqual([documents, worst], [4, 4])
    assert.ok(oldestMs >= 3_600_000 && oldestMs < 7_200_000, `${oldestMs}`)
    const { manifest } = await ingestLog(log.generation, log.parts, quietContext())
    followed = [manifest]
    nowMs += 5_000
    assert.deepEqual(await lag.look(), { documents: 0, worst: 0, oldestMs: 0 })
  })

  it('is counted once of an index that two generations follow, by the one that is further behind', async () => {
    await log.write({ a: 'a' })
    const [first] = followed
    const { manifest } = await ingestLog(log.generation, log.parts, quietContext())
    await log.write({ b: 'b' })
    followed = [{ ...manifest, generation: 2 }, first!]
    assert.equal((await lag.look())!.documents, 2)
  })

  it('is looked for again after a while only, and then tells what it found before if that takes long', async () => {
    await lag.look()
    await log.write({ a: 'a' })
    assert.equal((await lag.look())!.documents, 0)
    nowMs += 5_000
    assert.equal((await lag.look())!.documents, 1)
  })
})
