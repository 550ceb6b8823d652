import assert from 'node:assert/strict'
import { LiveLoop, type LiveState } from './live-loop.ts'

/** A loop whose loads and pauses end when the test says so. */
function makeLoop() {
  const told: LiveState<number>[] = []
  const loads: { resolve(value: number): void; reject(error: Error): void; signal: AbortSignal }[] = []
  const pauses: { end(): void; ms: number }[] = []
  const loop = new LiveLoop<number>({
    everyMs: 500,
    load: signal => new Promise((resolve, reject) => loads.push({ resolve, reject, signal })),
    tell: state => told.push(state),
    pause: (ms, signal) =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => resolve())
        pauses.push({ end: resolve, ms })
      }),
  })
  return { loop, told, loads, pauses }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

describe('a page that is loaded again and again', () => {
  it('has the newest that came, and waits between two', async () => {
    const { loop, told, loads, pauses } = makeLoop()
    loop.start()
    loads[0]!.resolve(1)
    await settled()
    assert.deepEqual(told.at(-1), { value: 1, error: undefined, loading: false })
    assert.deepEqual([loads.length, pauses[0]!.ms], [1, 500])
    pauses[0]!.end()
    await settled()
    loads[1]!.resolve(2)
    await settled()
    assert.equal(told.at(-1)!.value, 2)
    loop.stop()
  })

  it('keeps what it had when a load fails, says so, and goes on', async () => {
    const { loop, told, loads, pauses } = makeLoop()
    loop.start()
    loads[0]!.resolve(1)
    await settled()
    pauses[0]!.end()
    await settled()
    loads[1]!.reject(new Error('away'))
    await settled()
    assert.deepEqual([told.at(-1)!.value, (told.at(-1)!.error as Error).message], [1, 'away'])
    pauses[1]!.end()
    await settled()
    loads[2]!.resolve(3)
    await settled()
    assert.deepEqual(told.at(-1), { value: 3, error: undefined, loading: false })
    loop.stop()
  })

  it('loads at once when it is started again, and forgets what was under way', async () => {
    const { loop, told, loads } = makeLoop()
    loop.start()
    loop.start()
    assert.deepEqual(
      loads.map(({ signal }) => signal.aborted),
      [true, false],
    )
    loads[0]!.resolve(1)
    await settled()
    assert(told.every(({ value }) => value === undefined))
    loads[1]!.resolve(2)
    await settled()
    assert.equal(told.at(-1)!.value, 2)
    loop.stop()
  })

  it('is silent once it is stopped', async () => {
    const { loop, told, loads } = makeLoop()
    loop.start()
    loop.stop()
    const before = told.length
    loads[0]!.resolve(1)
    await settled()
    assert.deepEqual([told.length, loads.length], [before, 1])
  })
})
