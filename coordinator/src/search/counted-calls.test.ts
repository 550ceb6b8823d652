import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { quietContext, RecordingMeter, VirtualClock } from '@hypershard/harness'
import { type Conduct, VirtualShardServer, virtualRequest, warmMembers } from '../testing/virtual-shard-server.ts'
import { fanOut } from './fan-out.ts'
import { FanOutRecord } from './fan-out-record.ts'
import { fanOutMetrics } from './metrics.ts'

const answersIn = (afterMs: number): Conduct => ({ how: 'answer', afterMs })

describe('the calls of fan-outs', () => {
  it('are each counted once: those that answer, fail, are made again, are late, and are cancelled', async () => {
    const clock = new VirtualClock()
    const meter = new RecordingMeter()
    const record = new FanOutRecord(() => 0.5, 5, meter)
    const servers = ['a', 'b'].map(address => new VirtualShardServer(address, () => answersIn(10)))
    const members = warmMembers(servers, 1)
    const ask = () => {
      const deadline = Deadline.after(5_000, { clock })
      return clock.play(fanOut(virtualRequest(new Map([[0, members]])), quietContext(deadline), record))
    }
    const made = () => servers.reduce((sum, { calls }) => sum + calls.length, 0)
    const by = (reason: string, result: string) => meter.countOf(fanOutMetrics.callSeconds, { reason, result })
    for (let query = 0; query < 400; query++) await ask()
    assert.equal(await by('first', 'answered'), 400)
    assert.equal(await meter.valueOf(fanOutMetrics.hedgeBudget), record.hedging.budget.fill)

    servers[0]!.conduct = () => answersIn(3_000)
    await ask()
    // What it says once it is cancelled comes, and counts for nothing.
    for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual([await by('first', 'cancelled'), await by('hedge', 'answered')], [1, 1])
    assert.equal(await meter.valueOf(fanOutMetrics.hedges), 1)
    assert.equal(await meter.valueOf(fanOutMetrics.hedgesWon), 1)

    servers[0]!.conduct = () => ({ how: 'refuse', afterMs: 1 })
    await ask()
    assert.deepEqual([await by('first', 'failed'), await by('retry', 'answered')], [1, 1])
    assert.equal(await meter.valueOf(fanOutMetrics.retries), 1)
    assert.equal(await meter.countOf(fanOutMetrics.callSeconds), made())
  })
})
