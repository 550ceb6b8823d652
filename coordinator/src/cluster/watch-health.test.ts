import assert from 'node:assert/strict'
import { type Deadline, HypershardError, silentLogger } from '@hypershard/common'
import type { HealthQuestion, ServerHealth, ShardServerPort } from '../ports.ts'
import type { MemberListener } from './cluster.ts'
import { ClusterMember } from './cluster-member.ts'
import { watchHealth } from './watch-health.ts'

type Check = 'serving' | 'late' | 'refused' | 'not serving' | 'serving in another life'

/** Answers health checks as told, then waits until nobody asks any more. Notes whether it was live before each. */
class ScriptedServer implements Pick<ShardServerPort, 'address' | 'checkHealth'> {
  readonly address = 's0:1'
  readonly liveBefore: boolean[] = []
  readonly member = new ClusterMember(this as unknown as ShardServerPort, 1)
  readonly #checks: Check[]
  readonly #ended = Promise.withResolvers<void>()

  constructor(checks: readonly Check[]) {
    this.#checks = [...checks]
  }

  /** Every check has been answered, and what came of it is known. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  async checkHealth(_: HealthQuestion, { signal }: Deadline): Promise<ServerHealth> {
    this.liveBefore.push(this.member.live)
    const check = this.#checks.shift()
    switch (check) {
      case 'late':
        throw new HypershardError('deadline_exceeded', 'told to be late')
      case 'refused':
        throw new HypershardError('unavailable', 'told to refuse')
      case undefined:
        this.#ended.resolve()
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
      default:
        return {
          serving: check !== 'not serving',
          life: check === 'serving in another life' ? '2' : '1',
          facts: undefined,
        }
    }
  }
}

/** A cluster of one server, which stays. */
function watched(member: ClusterMember) {
  const nothing = () => undefined
  return { members: [member], followMembers: () => nothing, refresh: nothing, lookSoon: nothing }
}

describe('watching the health of a server', () => {
  /** Whether it counted as live after each check, and how often it came to life. */
  async function watch(...checks: Check[]) {
    const server = new ScriptedServer(checks)
    let found = 0
    const options = {
      coordinator: 'c',
      intervalMs: 1,
      checkMsMax: 10_000,
      log: silentLogger(),
      isNeeded: () => true,
      onLive: () => found++,
    }
    const watching = await watchHealth(watched(server.member), options)
    await server.ended
    await watching.stop()
    return { live: server.liveBefore.slice(1), lives: server.member.life, found, reason: server.member.downReason }
  }

  it('takes one late check for no death, and two in a row for one', async () => {
    assert.deepEqual((await watch('serving', 'late', 'serving')).live, [true, true, true])
    assert.deepEqual((await watch('serving', 'late', 'late')).live, [true, true, false])
  })

  it('forgives a late check once one is in time again, however many there were', async () => {
    const { live, lives } = await watch('serving', 'late', 'serving', 'late', 'serving', 'late', 'serving')
    assert.deepEqual([live.every(Boolean), lives], [true, 1])
  })

  it('believes a refusal at once, and the way back too', async () => {
    const { live, lives } = await watch('serving', 'refused', 'serving')
    assert.deepEqual([live, lives], [[true, false, true], 2])
  })

  it('counts a server that never answered in time as down from the start', async () => {
    assert.deepEqual((await watch('late', 'serving')).live, [false, true])
  })

  it('counts one as down that says so', async () => {
    const { live, reason } = await watch('serving', 'not serving')
    assert.deepEqual([live, reason], [[true, false], 'it says that it is not serving'])
  })

  it('takes a connection that was lost between two checks for another life', async () => {
    const { live, lives } = await watch('serving', 'serving in another life')
    assert.deepEqual([live, lives], [[true, true], 2])
  })

  it('tells of each check that found it live', async () => {
    assert.equal((await watch('serving', 'late', 'serving', 'refused', 'serving')).found, 3)
  })
})

describe('watching servers that come and go', () => {
  it('asks one that joins at once, looks anew after each check, and asks one that left no more', async () => {
    const [first, second] = [new ScriptedServer(['serving', 'refused']), new ScriptedServer(['serving'])]
    const told = { refreshed: 0, looks: 0 }
    let listener: MemberListener | undefined
    const cluster = {
      members: [first.member],
      followMembers: (joining: MemberListener) => {
        listener = joining
        return () => undefined
      },
      refresh: () => void told.refreshed++,
      lookSoon: () => void told.looks++,
    }
    const options = {
      coordinator: 'c',
      intervalMs: 1,
      checkMsMax: 10_000,
      log: silentLogger(),
      isNeeded: () => true,
      onLive: () => undefined,
    }
    const watching = await watchHealth(cluster, options)
    await first.ended
    assert.deepEqual(told, { refreshed: 2, looks: 1 })
    listener!.joined(second.member)
    assert.equal(second.liveBefore.length, 1)
    await second.ended
    assert.deepEqual([second.member.live, told.refreshed], [true, 3])
    listener!.left(first.member)
    await watching.stop()
    assert.equal(first.liveBefore.length, 3)
  })
})
