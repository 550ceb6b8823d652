import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { casesOf, quietContext, Random, VirtualClock } from '@hypershard/harness'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { type Conduct, VirtualShardServer, virtualRequest, warmMembers } from '../testing/virtual-shard-server.ts'
import { fanOut } from './fan-out.ts'
import { FanOutRecord } from './fan-out-record.ts'
import type { FanOutOutcome } from './fan-out-request.ts'

const seeds = casesOf({ usual: 6, thorough: 200 })
const queriesOfSeed = 60
const shards = 6
const callsOfShardMax = 3

/** One query of a simulation, and what every server saw of it. */
interface Played {
  readonly outcome: FanOutOutcome
  readonly route: ReadonlyMap<number, readonly ClusterMember[]>
  readonly startMs: number
  readonly endMs: number
  readonly timeoutMs: number
  readonly minCoverage: number
}

/** Servers of which one becomes slow when it is hardly known how long calls take: many calls are late at once. */
function stormOf(random: Random, slow: boolean): (call: number) => Conduct {
  let calls = 0
  return () => ({ how: 'answer', afterMs: (slow && ++calls > 10 ? 300 : 10) * (0.8 + 0.4 * random.next()) })
}

/** Servers that are slow, fail, leave shards out, do half or hear nothing: by turns, each for some calls. */
function conductOf(random: Random): (call: number) => Conduct {
  let mood: Conduct = { how: 'answer', afterMs: 10 }
  return () => {
    if (random.chance(0.1)) {
      const how = random.pick(['answer', 'answer', 'answer', 'deaf', 'refuse', 'fail', 'leave out', 'half'] as const)
      mood = { how, afterMs: random.pick([1, 10, 10, 10, 30, 300, 60_000]) }
    }
    return { ...mood, afterMs: mood.afterMs * (0.8 + 0.4 * random.next()) }
  }
}

describe('fan-outs over servers that misbehave', () => {
  it(`settle every shard once, in time, within the budget, and leave nothing behind (${seeds} seeds)`, async () => {
    const tally = { hedges: 0, won: 0, cancelled: 0, retries: 0, givenUp: 0, failed: 0 }
    for (let seed = 0; seed < seeds; seed++) {
      try {
        await playSeed(seed, tally)
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
      }
    }
    // A simulation in which one of these never comes is blind.
    for (const [what, times] of Object.entries(tally)) assert.ok(times > 0, `${what}: ${times}`)
  })
})

async function playSeed(seed: number, tally: Record<string, number>): Promise<void> {
  const random = new Random(seed)
  const clock = new VirtualClock()
  const record = new FanOutRecord(() => random.next())
  const servers = Array.from(
    { length: 2 + random.below(3) },
    (_, at) => new VirtualShardServer(`s${at}`, seed % 2 === 0 ? conductOf(random) : stormOf(random, at === 0)),
  )
  const members = warmMembers(servers, shards)
  const log: { readonly calls: number; readonly hedges: number }[] = []
  for (let query = 0; query < queriesOfSeed; query++) {
    for (const member of members) if (random.chance(0.02)) toggle(member)
    for (const server of servers) server.calls.length = 0
    const before = { ...record.hedging.counts, retries: record.retries }
    const played = await playQuery({ random, clock, record, members })
    const after = record.hedging.counts
    const hedges = after.asked - before.asked
    const calls = servers.reduce((sum, server) => sum + server.calls.length, 0)
    checkShards(played)
    checkCalls(played, servers)
    // Of all that were made, those of a retry or a hedge are no first ones.
    log.push({ calls: calls - hedges - (record.retries - before.retries), hedges })
    tally.failed! += [...played.outcome.failures.values()].length
    if (played.endMs - played.startMs < 0.9 * played.timeoutMs) {
      tally.givenUp! += [...played.outcome.failures.values()].filter(({ code }) => code === 'deadline_exceeded').length
    }
  }
  checkBudget(log)
  tally.hedges! += record.hedging.counts.asked
  tally.won! += record.hedging.counts.won
  tally.cancelled! += record.hedging.counts.cancelled
  tally.retries! += record.retries
}

function toggle(member: ClusterMember): void {
  if (member.live) member.markDown('drawn')
  else {
    member.markLive()
    for (let shard = 0; shard < shards; shard++) member.markWarm({ indexUid: 'u', version: 1, shard })
  }
}

async function playQuery({
  random,
  clock,
  record,
  members,
}: {
  random: Random
  clock: VirtualClock
  record: FanOutRecord
  members: readonly ClusterMember[]
}): Promise<Played> {
  const startMs = clock.monotonicMs()
  const timeoutMs = random.pick([5, 200, 2_000])
  const minCoverage = random.pick([1, 1, 0.5, 0])
  const replicas = 1 + random.below(members.length)
  const route = new Map(
    Array.from({ length: shards }, (_, shard) => {
      const holders = Array.from({ length: replicas }, (_, at) => members[(shard + at) % members.length]!)
      return [shard, random.chance(0.5) ? holders : holders.toReversed()]
    }),
  )
  const context = quietContext(Deadline.after(timeoutMs, { clock }))
  const outcome = await clock.play(fanOut(virtualRequest(route, minCoverage), context, record))
  return { outcome, route, startMs, endMs: clock.monotonicMs(), timeoutMs, minCoverage }
}

/** Each shard has one outcome, the answer of a holder of its own, and was not asked for more often than it may. */
function checkShards({ outcome, route }: Played): void {
  for (const [shard, holders] of route) {
    const answer = outcome.answers.get(shard)
    const failure = outcome.failures.get(shard)
    assert.notEqual(answer === undefined, failure === undefined, `shard ${shard} has one outcome`)
    assert.ok(answer === undefined || holders.includes(answer.member))
    assert.ok(outcome.asked.get(shard)!.attempts <= callsOfShardMax)
  }
}

function checkCalls(
  { outcome, route, startMs, endMs, timeoutMs, minCoverage }: Played,
  servers: readonly VirtualShardServer[],
) {
  assert.ok(endMs <= startMs + timeoutMs + 1e-6, 'the deadline is kept')
  for (const shard of route.keys()) {
    const asked = servers.flatMap(server => server.calls.filter(call => call.shards.includes(shard)).map(() => server))
    assert.equal(asked.length, outcome.asked.get(shard)!.attempts)
    // The same server twice only where no other lives that holds it.
    const again = asked.length - new Set(asked).size
    assert.ok(again === 0 || (again === 1 && new Set(asked).size === 1), `${asked.map(({ address }) => address)}`)
  }
  for (const { calls } of servers) {
    for (const { signal, endMs: callEndMs } of calls) {
      assert.ok(callEndMs !== undefined || signal.aborted, 'a call that nobody waits for is cancelled')
    }
  }
  const late = [...outcome.failures.values()].filter(({ message }) => message.includes('min_coverage'))
  assert.ok(
    late.length === 0 || outcome.answers.size >= (minCoverage * route.size) / 2,
    'given up before enough was there',
  )
}

function checkBudget(log: readonly { calls: number; hedges: number }[]): void {
  let excess = 0
  let all = 0
  for (const { calls, hedges } of log) {
    all += hedges - 0.05 * calls
    excess = Math.max(0, excess) + hedges - 0.05 * calls
    assert.ok(excess <= 10 + 1e-6, `${excess} hedges too many in a window`)
    assert.ok(all <= 1e-6, `${all} hedges too many of all`)
  }
}
