import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { ClusterMember } from '../cluster/cluster-member.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import { type AskMember, askHolders } from './ask-holders.ts'

describe('asking the holders of shards', () => {
  const memberAt = (address: string) => {
    const member = new ClusterMember(new FakeShardServer(address, () => assert.fail('nothing is stored')), 1)
    member.markLive()
    return member
  }
  let members: ClusterMember[]
  let calls: string[]

  beforeEach(() => {
    members = ['a:1', 'b:1', 'c:1', 'd:1'].map(memberAt)
    calls = []
  })

  const ask =
    (wordOf: (address: string, shard: number) => string | undefined): AskMember<string> =>
    async ({ address }, shards) => {
      calls.push(`${address} ${shards}`)
      const words = shards.map(shard => [shard, wordOf(address, shard)] as const)
      const told = words.filter(([, word]) => word !== 'nothing')
      return new Map(
        told.map(([shard, word]) => [
          shard,
          word === undefined ? { answer: address } : { error: { code: word, message: 'bad' } },
        ]),
      )
    }

  const route = (...shards: number[]) => new Map(shards.map(shard => [shard, members]))

  it('makes one call a server with all its shards', async () => {
    const { answers, failures } = await askHolders(
      route(0, 1, 2),
      ask(() => undefined),
      quietContext(),
    )
    assert.deepEqual(
      [[...answers], failures.size, calls],
      [
        [
          [0, 'a:1'],
          [1, 'a:1'],
          [2, 'a:1'],
        ],
        0,
        ['a:1 0,1,2'],
      ],
    )
  })

  it('asks another holder for those that failed, three at most', async () => {
    const failing = ask((address, shard) =>
      shard === 1 || (shard === 2 && address === 'a:1') ? 'corrupt_data' : undefined,
    )
    const { answers, failures } = await askHolders(route(0, 1, 2), failing, quietContext())
    assert.deepEqual(Object.fromEntries(answers), { 0: 'a:1', 2: 'b:1' })
    assert.deepEqual(failures.get(1), { shard: 1, server: 'c:1', code: 'corrupt_data', message: 'bad' })
    assert.deepEqual([...failures.keys()], [1], 'what another has answered did not fail')
    assert.deepEqual(calls, ['a:1 0,1,2', 'b:1 1,2', 'c:1 1'])
  })

  it('asks anew what failed at one server while another is still at work', async () => {
    const slow = Promise.withResolvers<void>()
    const asked: AskMember<string> = async ({ address }, shards) => {
      if (address === 'a:1') await slow.promise
      if (address === 'b:1') throw new HypershardError('internal', 'bad')
      if (address === 'c:1') slow.resolve()
      return new Map(shards.map(shard => [shard, { answer: address }]))
    }
    const [a, b, c] = members as [ClusterMember, ClusterMember, ClusterMember]
    const answered = await askHolders(
      new Map([
        [0, [a]],
        [1, [b, c]],
      ]),
      asked,
      quietContext(),
    )
    assert.deepEqual(Object.fromEntries(answered.answers), { 0: 'a:1', 1: 'c:1' })
    assert.equal(answered.failures.size, 0)
  })

  it('asks nobody else what all would refuse', async () => {
    const { failures } = await askHolders(
      route(0),
      ask(() => 'invalid_request'),
      quietContext(),
    )
    assert.deepEqual([failures.get(0)?.code, calls], ['invalid_request', ['a:1 0']])
  })

  it('takes a shard that an answer leaves out for one that failed', async () => {
    const { answers } = await askHolders(
      route(0),
      ask(address => (address === 'a:1' ? 'nothing' : undefined)),
      quietContext(),
    )
    assert.deepEqual(Object.fromEntries(answers), { 0: 'b:1' })
  })

  it('leaves time for another holder where one hangs', async () => {
    const leftMs: number[] = []
    const hanging: AskMember<string> = async ({ address }, shards, { deadline }) => {
      leftMs.push(deadline.remainingMs)
      if (address !== 'a:1') return new Map(shards.map(shard => [shard, { answer: address }]))
      throw new HypershardError('deadline_exceeded', 'it hangs')
    }
    const { answers } = await askHolders(route(0), hanging, quietContext())
    assert.deepEqual(Object.fromEntries(answers), { 0: 'b:1' })
    assert.ok(leftMs[0]! <= 30_000, 'half of a minute')
  })

  it('says of a shard why nobody can be asked', async () => {
    for (const member of members) member.markDown('gone')
    const nobody = new Map([
      [0, members],
      [1, []],
    ])
    const { failures } = await askHolders(
      nobody,
      ask(() => undefined),
      quietContext(),
    )
    assert.match(failures.get(0)!.message, /shard server a:1 is down: gone/)
    assert.match(failures.get(1)!.message, /no shard server is known/)
  })
})
