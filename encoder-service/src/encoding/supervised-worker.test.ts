import assert from 'node:assert/strict'
import { type Clock, type HypershardError, silentLogger, systemClock } from '@hypershard/common'
import { restartsMax, SupervisedWorker } from './supervised-worker.ts'

const file = new URL('../testing/mortal-worker.ts', import.meta.url)
const input = { model: 0, texts: [] }
const deadly = { model: 0, ids: [] }

describe('the supervised worker', () => {
  let worker: SupervisedWorker | undefined
  let fatal: HypershardError[]
  beforeEach(() => {
    worker = undefined
    fatal = []
  })
  afterEach(() => worker?.stop())

  async function start(clock: Clock = systemClock, modelDirectories: string[] = []): Promise<SupervisedWorker> {
    const onFatal = (error: HypershardError) => fatal.push(error)
    const settings = { lane: 'document' as const, modelDirectories, threads: 1, kernel: 'fp32' as const }
    worker = await SupervisedWorker.start({ settings, file, clock, log: silentLogger(), onFatal })
    return worker
  }

  it('fails the calls that a dying worker was busy with, and serves the next with a new one', async () => {
    const running = await start()
    const waiting = running.call('encodeQueries', { model: 0, queries: [] })
    const dying = running.call('encodeDocuments', deadly)
    await assert.rejects(waiting, { code: 'internal', message: /worker ended: as asked/ })
    await assert.rejects(dying, { code: 'internal', message: /worker ended: as asked/ })
    assert.deepEqual(await running.call('tokenizeDocuments', input), [])
    assert.deepEqual(fatal, [])
  })

  it(`gives up when the worker dies again after ${restartsMax} restarts within a minute`, async () => {
    const running = await start()
    for (let death = 0; death <= restartsMax; death++) {
      assert.deepEqual(fatal, [])
      await assert.rejects(running.call('encodeDocuments', deadly), { code: 'internal' })
    }
    assert.equal(fatal.length, 1)
    assert.match(fatal[0]!.message, /died again after 3 restarts within a minute: as asked/)
    await assert.rejects(running.call('tokenizeDocuments', input), fatal[0])
  })

  it('forgets restarts that are over a minute old', async () => {
    let nowMs = 0
    const running = await start({ now: () => nowMs, monotonicMs: () => nowMs })
    for (let death = 0; death < 3 * restartsMax; death++) {
      await assert.rejects(running.call('encodeDocuments', deadly), { code: 'internal' })
      nowMs += 30_000
    }
    assert.deepEqual(fatal, [])
  })

  it('does not start with a worker that dies at once, and does not try again', async () => {
    await assert.rejects(start(systemClock, ['die']), { code: 'internal', message: /at its start: dead at the start/ })
  })

  it('answers what it was asked before it was stopped', async () => {
    const running = await start()
    const under = running.call('tokenizeDocuments', input)
    await new Promise(resolve => setImmediate(resolve))
    const stopped = running.stop()
    assert.deepEqual(await under, [])
    await stopped
  })

  it('answers nothing once it is stopped', async () => {
    const running = await start()
    const waiting = running.call('encodeQueries', { model: 0, queries: [] })
    await Promise.all([assert.rejects(waiting, { code: 'internal' }), running.stop()])
    await assert.rejects(running.call('tokenizeDocuments', input), { code: 'unavailable' })
    assert.deepEqual(fatal, [])
  })
})
