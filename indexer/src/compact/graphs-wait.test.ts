import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { externalModel, type LogPosition, WriteLog } from '@hypershard/storage'
import { TestLog } from '../testing/test-log.ts'
import { graphsWait } from './graphs-wait.ts'

describe('graphs of vectors from outside', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  const external = { model: externalModel('2-1:relu:0000') }
  const part = (puts: number, deletes = 0) => ({ name: randomUUID(), digest: 'd'.repeat(64), bytes: 1, puts, deletes })
  const append = (...sizes: number[]) =>
    new WriteLog(log.store, log.index).append({ parts: sizes.map(size => part(size)) })
  const waits = (position: LogPosition, generation: Parameters<typeof graphsWait>[1] = external) =>
    graphsWait(log.store, generation, { index: log.index.name, indexUid: log.index.uid, log: position })

  it('wait while as many documents as have one are in the log', async () => {
    assert.equal(await waits({ sequence: 0, parts: 0 }), false)
    await append(4_096, 4_096, 4_096, 4_096)
    assert.equal(await waits({ sequence: 0, parts: 0 }), true)
    assert.equal(await waits({ sequence: 0, parts: 1 }), false)
    assert.equal(await waits({ sequence: 0, parts: 0, operations: 1 }), false)
    assert.equal(await waits({ sequence: 1, parts: 0 }), false)
  })

  it('wait for a load of several writes too, and no longer than that', async () => {
    for (let write = 0; write < 5; write++) await append(4_096)
    assert.equal(await waits({ sequence: 0, parts: 0 }), true)
    assert.equal(await waits({ sequence: 2, parts: 0 }), false)
  })

  it('do not wait where texts are encoded', async () => {
    await append(4_096, 4_096, 4_096, 4_096)
    assert.equal(await waits({ sequence: 0, parts: 0 }, log.generation), false)
  })
})
