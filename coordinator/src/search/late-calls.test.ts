import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { quietContext, VirtualClock } from '@hypershard/harness'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { type Conduct, VirtualShardServer, virtualRequest, warmMembers } from '../testing/virtual-shard-server.ts'
import { fanOut } from './fan-out.ts'
import { FanOutRecord } from './fan-out-record.ts'

const usualMs = 10
const answersIn = (afterMs: number): Conduct => ({ how: 'answer', afterMs })

describe('a late call', () => {
  let clock: VirtualClock
  let record: FanOutRecord
  let servers: VirtualShardServer[]
  let members: ClusterMember[]

  /** Two servers that have both shards loaded; searches enough that it is known how long they take. */
  beforeEach(async () => {
    clock = new VirtualClock()
    record = new FanOutRecord(() => 0.5)
    servers = ['a', 'b', 'c'].map(address => new VirtualShardServer(address, () => answersIn(usualMs)))
    members = warmMembers(servers, 2)
    for (let query = 0; query < 400; query++) await ask([query % 2 === 0 ? 0 : 1, query % 2 === 0 ? 1 : 0])
    for (const server of servers) server.calls.length = 0
  })

  function ask(order: readonly number[], { timeoutMs = 5_000, minCoverage = 1, shards = 2 } = {}) {
    const holders = order.map(at => members[at]!)
    const route = new Map(Array.from({ length: shards }, (_, shard) => [shard, holders]))
    const deadline = Deadline.after(timeoutMs, { clock })
    return clock.play(fanOut(virtualRequest(route, minCoverage), quietContext(deadline), record))
  }

  const asked = () => servers.map(({ calls }) => calls.map(({ shards }) => shards))

  it('is made of another holder too, whose answer stands, and is cancelled', async () => {
    servers[0]!.conduct = () => answersIn(3_000)
    const startMs = clock.monotonicMs()
    const { answers, asked: made } = await ask([0, 1])
    assert.deepEqual(asked(), [[[0, 1]], [[0, 1]], []])
    assert.deepEqual([answers.get(0)?.member.address, answers.get(0)?.wonBy], ['b', 'hedge'])
    assert.deepEqual(made.get(1), { attempts: 2, hedged: true })
    assert.equal(clock.monotonicMs() - startMs, 2 * usualMs)
    assert.equal(servers[0]!.calls[0]!.signal.aborted, true)
    assert.deepEqual(record.hedging.counts, { asked: 1, won: 1, cancelled: 1, refusedByBudget: 0 })
  })

  it('wins when it answers first, and then the other is cancelled', async () => {
    servers[0]!.conduct = () => answersIn(usualMs + 2)
    servers[1]!.conduct = () => answersIn(3_000)
    const { answers } = await ask([0, 1])
    assert.deepEqual([answers.get(0)?.member.address, answers.get(0)?.wonBy], ['a', 'first'])
    assert.equal(servers[1]!.calls[0]!.signal.aborted, true)
    assert.deepEqual(record.hedging.counts, { asked: 1, won: 0, cancelled: 1, refusedByBudget: 0 })
  })

  it('does not take back, by what it says later, what the other has answered', async () => {
    for (const how of ['deaf', 'fail', 'refuse'] as const) {
      // Of the second shard the late call's answer is still waited for when the first one has long been answered.
      servers[0]!.conduct = () => ({ how, afterMs: 40 })
      const route = new Map([
        [0, [members[0]!, members[1]!]],
        [1, [members[0]!]],
      ])
      const deadline = Deadline.after(5_000, { clock })
      const outcome = await clock.play(fanOut(virtualRequest(route), quietContext(deadline), record))
      assert.deepEqual([outcome.answers.get(0)?.member.address, outcome.failures.has(0)], ['b', false], how)
    }
  })

  it('fails for good only when the other has failed as well', async () => {
    servers[0]!.conduct = () => ({ how: 'refuse', afterMs: 100 })
    servers[1]!.conduct = () => answersIn(200)
    const { answers, failures } = await ask([0, 1])
    assert.deepEqual([answers.get(0)?.member.address, failures.size], ['b', 0])
    servers[1]!.conduct = () => ({ how: 'fail', afterMs: 200 })
    const failed = await ask([0, 1])
    assert.deepEqual([failed.failures.get(0)?.code, failed.failures.get(0)?.server], ['corrupt_data', 'b'])
  })

  it('is not made of a server that must load the shard first', async () => {
    servers[0]!.conduct = () => answersIn(3_000)
    members[1]!.markReleased('u')
    await ask([0, 1])
    assert.deepEqual(asked(), [[[0, 1]], [], []])
  })

  it('is not made of a server that would probably take longer still', async () => {
    const nowMs = clock.monotonicMs()
    for (let call = 0; call < 50; call++) members[1]!.load.begin(200, nowMs - 300).answered({ serviceMs: 1 }, nowMs)
    servers[0]!.conduct = () => answersIn(8 * usualMs)
    await ask([0, 1])
    assert.deepEqual(asked(), [[[0, 1]], [], []])
    // Once the first has taken longer than that, it is.
    servers[0]!.conduct = () => answersIn(2_000)
    const { answers } = await ask([0, 1])
    assert.equal(answers.get(0)?.wonBy, 'hedge')
  })

  it('counts the server as slow as it was waited for', async () => {
    servers[0]!.conduct = () => answersIn(3_000)
    await ask([0, 1])
    const nowMs = clock.monotonicMs()
    const [slow, quick] = members.map(({ load }) => load.expectedMs(200, nowMs)) as [number, number]
    assert.ok(slow > quick, `${slow} ms, ${quick} ms`)
  })

  it('is made again of the next holder once its server is down, whatever the budget', async () => {
    while (record.hedging.budget.spend());
    servers[0]!.conduct = () => answersIn(4_000)
    const search = ask([0, 1])
    members[0]!.markDown('frozen')
    const { answers } = await search
    assert.deepEqual([answers.get(0)?.member.address, answers.get(0)?.wonBy], ['b', 'retry'])
    assert.deepEqual([record.hedging.counts.asked, record.retries], [0, 1])
  })

  it('is left alone while the budget is spent, and counted once', async () => {
    while (record.hedging.budget.spend());
    servers[0]!.conduct = () => answersIn(400)
    await ask([0, 1])
    assert.deepEqual(asked(), [[[0, 1]], [], []])
    assert.deepEqual(record.hedging.counts, { asked: 0, won: 0, cancelled: 0, refusedByBudget: 1 })
  })

  it('leaves no timer and no call behind', async () => {
    servers[0]!.conduct = () => answersIn(3_000)
    await ask([0, 1])
    await clock.play(new Promise(resolve => setImmediate(resolve)))
    await assert.rejects(clock.play(new Promise(() => undefined)), /nothing happens any more/)
  })

  it('is given up once enough is searched, in proportion to what is missing', async () => {
    const route = new Map([
      [0, [members[0]!]],
      [1, [members[1]!]],
    ])
    servers[1]!.conduct = () => answersIn(4_900)
    const startMs = clock.monotonicMs()
    const deadline = Deadline.after(5_000, { clock })
    const { answers, failures } = await clock.play(fanOut(virtualRequest(route, 0), quietContext(deadline), record))
    // Half is missing of what may be missing: 0.1 + 0.9 / 2 of the 4,990 ms that were left.
    assert.equal(Math.round(clock.monotonicMs() - startMs), Math.round(usualMs + 0.55 * 4_990))
    assert.deepEqual([answers.size, failures.get(1)?.code, failures.get(1)?.server], [1, 'deadline_exceeded', 'b'])
    assert.equal(servers[1]!.calls[0]!.signal.aborted, true)
  })

  it('is waited for until the deadline where everything must be searched', async () => {
    servers[1]!.conduct = () => answersIn(4_900)
    const { answers } = await ask([1])
    assert.equal(answers.size, 2)
  })
})
