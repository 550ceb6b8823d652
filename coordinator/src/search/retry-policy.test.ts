import assert from 'node:assert/strict'
import { Deadline, type ErrorCode } from '@hypershard/common'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { VirtualShardServer, warmMembers } from '../testing/virtual-shard-server.ts'
import { retryOf } from './retry-policy.ts'
import { ShardRace } from './shard-race.ts'

describe('asking again after a failure', () => {
  let members: ClusterMember[]

  beforeEach(() => {
    const servers = ['a', 'b', 'c', 'd'].map(
      name => new VirtualShardServer(name, () => ({ how: 'refuse', afterMs: 0 })),
    )
    members = warmMembers(servers, 1)
  })

  /** What comes after so many calls, of which the last failed with the code. */
  function after(calls: number, code: ErrorCode, { holders = 4, random = 0.5, remainingMs = 1_000 } = {}) {
    const race = new ShardRace(0, 100, members.slice(0, holders))
    for (const member of members.slice(0, calls)) {
      race.begin(member)
      race.end()
    }
    const clock = { now: () => 0, monotonicMs: () => 0 }
    const retry = retryOf(race, code, { deadline: Deadline.after(remainingMs, { clock }), random: () => random })
    return retry && [retry.member.address, retry.pauseMs]
  }

  it('goes to the next holder that lives, at once', () => {
    assert.deepEqual(after(1, 'unavailable'), ['b', 0])
    members[1]!.markDown('gone')
    assert.deepEqual(after(1, 'internal'), ['c', 0])
  })

  it('goes to three at most, and to two of servers that are overloaded', () => {
    assert.deepEqual([after(2, 'corrupt_data'), after(3, 'corrupt_data')], [['c', 0], undefined])
    assert.deepEqual([after(1, 'overloaded'), after(2, 'overloaded')], [['b', 0], undefined])
  })

  for (const code of [
    'invalid_request',
    'model_mismatch',
    'request_too_large',
    'deadline_exceeded',
    'cancelled',
  ] as const) {
    it(`goes nowhere with ${code}, which all would answer`, () => assert.equal(after(1, code), undefined))
  }

  for (const code of ['model_not_found', 'invalid_model', 'storage_failed'] as const) {
    it(`goes elsewhere with ${code}, which is that server's`, () => assert.deepEqual(after(1, code), ['b', 0]))
  }

  it('goes to the same server once more where nobody else holds the shard, after a pause that is drawn', () => {
    assert.deepEqual(after(1, 'unavailable', { holders: 1, random: 0 }), ['a', 20])
    assert.deepEqual(after(1, 'overloaded', { holders: 1, random: 0.5 }), ['a', 40])
    assert.equal(after(1, 'corrupt_data', { holders: 1 }), undefined)
    assert.equal(after(2, 'unavailable', { holders: 2 }), undefined)
  })

  it('does not go to one that is down, nor when there is no time for the pause', () => {
    assert.equal(after(1, 'unavailable', { holders: 1, remainingMs: 40 }), undefined)
    members[0]!.markDown('gone')
    assert.equal(after(1, 'unavailable', { holders: 1 }), undefined)
    assert.equal(after(1, 'unavailable', { remainingMs: 0 }), undefined)
  })
})
