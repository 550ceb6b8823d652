import assert from 'node:assert/strict'
import { AnnouncedMembers } from './announced-members.ts'
import type { Member } from './member-record.ts'

function memberAt(address: string, weight = 1): Member {
  const memory = { memoryBytes: 2, memoryFreeBytes: 1 }
  return { address, weight, zone: 'z', device: 'cpu', protocolVersion: 2, modelDigests: [], draining: false, ...memory }
}

describe('servers that announced themselves', () => {
  let nowMs: number
  let down: Set<string>
  let members: AnnouncedMembers

  beforeEach(() => {
    nowMs = 0
    down = new Set()
    members = new AnnouncedMembers({ now: () => nowMs, monotonicMs: () => nowMs }, address => down.has(address))
    scan('a:1', 'b:1')
  })

  function scan(...addresses: string[]): void {
    members.beginScan()
    members.endScan(addresses.map(address => memberAt(address)))
  }

  const known = () => members.entries.map(({ address }) => address).sort()

  it('stay while the Redis has lost them, as long as they are not down', () => {
    scan()
    nowMs += 3_600_000
    scan()
    assert.deepEqual(known(), ['a:1', 'b:1'])
  })

  it('leave when they have been missing for 45 seconds and are down', () => {
    down.add('a:1')
    scan('b:1')
    nowMs += 44_999
    scan('b:1')
    assert.deepEqual(known(), ['a:1', 'b:1'])
    nowMs += 1
    scan('b:1')
    assert.deepEqual(known(), ['b:1'])
  })

  it('are not missing while the Redis is away, nor by how long they were before', () => {
    down.add('a:1')
    scan('b:1')
    nowMs += 44_000
    members.forgetMissed()
    scan('b:1')
    nowMs += 44_000
    scan('b:1')
    assert.deepEqual(known(), ['a:1', 'b:1'])
    scan('a:1', 'b:1')
    nowMs += 44_000
    scan('b:1')
    assert.deepEqual(known(), ['a:1', 'b:1'])
  })

  it('leave at once when they say so, and are not brought back by a scan that began before', () => {
    members.beginScan()
    members.hear({ is: 'gone', address: 'a:1' })
    members.hear({ is: 'here', member: memberAt('b:1', 3) })
    members.hear({ is: 'here', member: memberAt('c:1') })
    members.endScan([memberAt('a:1'), memberAt('b:1')])
    assert.deepEqual(known(), ['b:1', 'c:1'])
    assert.equal(members.entries.find(({ address }) => address === 'b:1')?.weight, 3)
    scan('a:1', 'b:1')
    assert.deepEqual(known(), ['a:1', 'b:1', 'c:1'])
  })

  it('are no more than a cluster has', () => {
    scan(...Array.from({ length: 5_000 }, (_, at) => `host-${at}:1`))
    assert.equal(members.entries.length, 4_096)
  })
})
