import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { HypershardError } from '@hypershard/common'
import { deviceLost } from '@hypershard/qnet'
import type { EncodingPort } from '../ports.ts'
import { DeviceWorkers, hungMs, type Later } from './device-workers.ts'

type Answer = Promise<never>
const never: Answer = new Promise(() => undefined)

/** Answers operations as told, and with nothing where nothing is told. */
function workersOf(answers: Readonly<Record<string, Answer>>): EncodingPort {
  const call = (operation: string) => answers[operation] ?? Promise.resolve([] as never)
  return { models: [], crossEncoders: [], call }
}

describe('workers with a device', () => {
  let waits: { readonly work: () => void; readonly ms: number }[]
  let told: HypershardError[]
  beforeEach(() => {
    waits = []
    told = []
  })

  const later: Later = (work, ms) => {
    const wait = { work, ms }
    waits.push(wait)
    return () => void waits.splice(waits.indexOf(wait), 1)
  }

  function start(answers: Readonly<Record<string, Answer>>): DeviceWorkers {
    return new DeviceWorkers(workersOf(answers), error => void told.push(error), later)
  }

  /** Whoever waits is told at once, or never. */
  function soon(waiting: Promise<unknown>): Promise<unknown> {
    const never = wait(1_000, undefined, { ref: false }).then(() => assert.fail('whoever waits is not told'))
    return Promise.race([waiting, never])
  }

  const query = { model: 0, queries: [] }
  const documents = { model: 0, ids: [] }
  const lost = { code: 'unavailable', message: /device is lost/ }

  it('answer nothing more once a run says that the device is lost, also those who wait', async () => {
    const workers = start({ encodeQueries: never, encodeDocuments: Promise.reject(deviceLost('gone')) })
    const waiting = assert.rejects(workers.call('encodeQueries', query), lost)
    await assert.rejects(workers.call('encodeDocuments', documents), lost)
    await soon(waiting)
    await assert.rejects(workers.call('tokenizeDocuments', { model: 0, texts: [] }), lost)
    await assert.rejects(workers.call('encodeDocuments', documents), lost)
    assert.equal(told.length, 1)
    assert.deepEqual(waits, [])
  })

  it('lose a device that does not return', async () => {
    const workers = start({ encodeQueries: never })
    const waiting = assert.rejects(workers.call('encodeQueries', query), { ...lost, message: /it hangs/ })
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [hungMs],
    )
    waits[0]!.work()
    await soon(waiting)
    assert.equal(told.length, 1)
  })

  it('keep it where a text or a model is to blame', async () => {
    const workers = start({ encodeDocuments: Promise.reject(new HypershardError('invalid_model', 'not finite')) })
    await assert.rejects(workers.call('encodeDocuments', documents), { code: 'invalid_model' })
    assert.deepEqual(await workers.call('encodeQueries', query), [])
    assert.deepEqual(told, [])
    assert.deepEqual(waits, [])
  })
})
