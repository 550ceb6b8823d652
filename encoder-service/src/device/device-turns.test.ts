import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Lane } from '../encoding/lane.ts'
import type { TurnTaker } from '../testing/turn-taker.ts'
import { DeviceTurns, sharedTurns } from './device-turns.ts'

const file = new URL('../testing/turn-taker.ts', import.meta.url)

describe('turns at a device', () => {
  it('are one thread at a time, and every lane has its own', async () => {
    const shared = { turns: sharedTurns(), inside: new SharedArrayBuffer(4), times: 60 }
    const lanes: Lane[] = ['query', 'document', 'pair']
    const workers = lanes.map(lane => new Worker(file, { workerData: { ...shared, lane } satisfies TurnTaker }))
    const overlaps = await Promise.all(workers.map(async worker => (await once(worker, 'message'))[0]))
    assert.deepEqual(overlaps, [0, 0, 0])
  })

  it('are given back by work that fails', async () => {
    const turns = new DeviceTurns(sharedTurns(), 'document')
    await assert.rejects(
      turns.run(() => Promise.reject(new Error('gone'))),
      /gone/,
    )
    assert.equal(await turns.run(async () => 'again'), 'again')
  })
})
