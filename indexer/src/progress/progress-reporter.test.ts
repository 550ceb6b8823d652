import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { MemoryStore } from '@hypershard/harness/stores'
import { type GenerationReference, readProgress } from '@hypershard/storage'
import { ProgressReporter } from './progress-reporter.ts'

describe('the progress of a generation', () => {
  const generation: GenerationReference = { index: 'papers', generation: 2 }
  let nowMs = 0
  let store: MemoryStore
  let reporter: ProgressReporter

  beforeEach(() => {
    nowMs = 50_000
    store = new MemoryStore()
    const clock = { now: () => nowMs, monotonicMs: () => nowMs }
    reporter = new ProgressReporter(store, generation, clock)
  })

  const settled = () => new Promise(resolve => setImmediate(resolve))

  async function told() {
    await settled()
    return (await readProgress(store, generation))!
  }

  /** A job that copies a slice: some batches, each after so many milliseconds, then its commit. */
  async function copySlice(batches: readonly number[], batchMs: number) {
    const work = reporter.begin()
    const rates: number[] = []
    for (const documents of batches) {
      nowMs += batchMs
      work.encoded(documents)
      rates.push((await told()).documentsPerSecond)
    }
    work.committed(batches.reduce((sum, one) => sum + one, 0))
    work.end()
    return rates
  }

  it('has a rate from the first batch on, which does not begin with 0 in each of the many jobs of a copy', async () => {
    const rates: number[] = []
    for (let slice = 0; slice < 20; slice++) {
      rates.push(...(await copySlice([50], 1_000)))
      // Between two slices nobody works for a moment.
      nowMs += 250
    }
    assert.equal(rates[0], 50)
    assert(
      rates.every(rate => rate >= 39 && rate <= 50),
      `${rates}`,
    )
  })

  it('follows a change of the rate within seconds', async () => {
    await copySlice(new Array(30).fill(1), 1_000)
    const rates = await copySlice(new Array(12).fill(100), 1_000)
    assert.equal(rates.at(-1), 100)
  })

  it('is that of a slow throttle, also while it waits for it', async () => {
    const work = reporter.begin()
    for (let batch = 0; batch < 3; batch++) {
      for (let waited = 0; waited < 64; waited++) {
        nowMs += 1_000
        work.waiting()
        if (waited % 5 === 0) await settled()
      }
      work.encoded(64)
    }
    const { documentsPerSecond, updatedAt } = await told()
    assert.equal(documentsPerSecond, 1)
    nowMs += 20_000
    work.waiting()
    const waiting = await told()
    assert.equal(waiting.documentsPerSecond, 1)
    assert(Date.parse(waiting.updatedAt) > Date.parse(updatedAt))
    // The next batch is overdue by much.
    nowMs += 236_000
    work.waiting()
    assert.equal((await told()).documentsPerSecond, 0.25)
  })

  it('counts what is encoded and not committed yet, of all jobs that go on', async () => {
    const [one, other] = [reporter.begin(), reporter.begin()]
    const next = async (change: () => void) => {
      nowMs += 1_000
      change()
      return (await told()).encoded
    }
    assert.equal(await next(() => one.encoded(10)), 10)
    assert.equal(await next(() => other.encoded(5)), 15)
    assert.equal(await next(() => one.committed(10)), 5)
    // It failed: what it has encoded is encoded again.
    other.end()
    assert.equal(await next(() => one.encoded(1)), 1)
  })

  it('has one rate for all jobs that go on, which does not begin anew when another one begins', async () => {
    const jobs = [reporter.begin(), reporter.begin()]
    for (let second = 0; second < 5; second++) {
      nowMs += 1_000
      for (const job of jobs) job.encoded(10)
      await settled()
    }
    reporter.begin()
    nowMs += 1_000
    jobs[0]!.encoded(40)
    assert.equal((await told()).documentsPerSecond.toFixed(3), (140 / 6).toFixed(3))
  })

  it('is measured anew after a rest', async () => {
    await copySlice([100, 100], 1_000)
    nowMs += 3_600_000
    assert.deepEqual(await copySlice([10], 1_000), [10])
  })

  it('is written about once a second, and says why nothing goes on', async () => {
    let writes = 0
    const { put } = store
    store.put = (key: string, bytes: Uint8Array) => {
      writes++
      return put.call(store, key, bytes)
    }
    await copySlice(new Array(100).fill(1), 100)
    assert(writes >= 9 && writes <= 11, `${writes}`)
    await reporter.stuck(new HypershardError('model_not_found', 'gone'))
    assert.equal((await told()).problem?.code, 'model_not_found')
  })
})
