import assert from 'node:assert/strict'
import { Deadline, HypershardError } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { type SearchShardsRequest, ShardHit, ShardResult, StopReason } from '@hypershard/proto/shard'
import { ClusterMember } from '../cluster/cluster-member.ts'
import type { ShardServerPort } from '../ports.ts'
import { virtualRequest } from '../testing/virtual-shard-server.ts'
import { fanOut } from './fan-out.ts'
import { FanOutRecord } from './fan-out-record.ts'
import type { FanOutRequest } from './fan-out-request.ts'

type Answer = (shard: number) => Partial<ShardResult> | undefined

/** Answers the last shard asked for first, each as told; undefined leaves it out. */
class Server implements Pick<ShardServerPort, 'address' | 'search'> {
  readonly address: string
  readonly asked: (readonly number[])[] = []
  readonly #answer: Answer

  constructor(address: string, answer: Answer) {
    this.address = address
    this.#answer = answer
  }

  async search({ shards }: SearchShardsRequest): Promise<ShardResult[]> {
    this.asked.push(shards)
    return shards.toReversed().flatMap(shard => {
      const result = this.#answer(shard)
      if (result === undefined) return []
      return [ShardResult.fromPartial({ shard, stopReason: StopReason.STOP_REASON_COMPLETE, ...result } as ShardResult)]
    })
  }
}

const done: Answer = shard => ({ documentsScored: 10 + shard })
const failing: Answer = () => ({ error: { code: 'corrupt_data', message: 'told to fail' } })
const refusing: Answer = () => {
  throw new HypershardError('overloaded', 'told to refuse')
}

describe('asking shard servers', () => {
  const servers = (...answers: Answer[]) => answers.map((answer, at) => new Server(`s${at}`, answer))

  function membersOf(list: readonly Server[]): ClusterMember[] {
    return list.map(server => {
      const member = new ClusterMember(server as unknown as ShardServerPort, 1)
      member.markLive()
      return member
    })
  }

  function ask(
    route: FanOutRequest['route'],
    deadline = Deadline.after(10_000),
    change: Pick<Partial<FanOutRequest>, 'facets' | 'groupBy' | 'valuesOf'> = {},
  ) {
    const request: FanOutRequest = {
      ...virtualRequest(route),
      ...change,
      eligible: [10, 11, 12],
      segments: [0, 1, 2].map(shard => ({ shard })),
    }
    return fanOut(request, quietContext(deadline), new FanOutRecord())
  }

  it('makes one call a server with all its shards, and gives each the answer that names it', async () => {
    const [one, two] = servers(done, done) as [Server, Server]
    const [first, second] = membersOf([one, two]) as [ClusterMember, ClusterMember]
    const { answers, failures } = await ask(
      new Map([
        [0, [first]],
        [1, [second]],
        [2, [first]],
      ]),
    )
    assert.deepEqual([one.asked, two.asked, failures.size], [[[0, 2]], [[1]], 0])
    const scored = [0, 1, 2].map(shard => answers.get(shard)?.documentsScored)
    assert.deepEqual(scored, [10, 11, 12])
  })

  it('asks another holder where one is of a version that counts no values', async () => {
    const counted = [{ keywords: ['x'], numbers: [], rests: [], counts: [10], tooMany: false }]
    const [old, other] = servers(done, () => ({ documentsScored: 10, facets: counted })) as [Server, Server]
    const route = new Map([[0, membersOf([old, other])]])
    const { answers } = await ask(route, undefined, { facets: ['kind'] })
    assert.deepEqual([answers.get(0)?.member.address, answers.get(0)?.facets, old.asked], ['s1', counted, [[0]]])
  })

  it('asks another holder where one is of a version that knows no groups', async () => {
    const groups = { groups: [], more: false }
    const [old, other] = servers(done, () => ({ documentsScored: 10, groups: { ...groups, leftOut: false } })) as [
      Server,
      Server,
    ]
    const groupBy = { field: 'kind', groups: 3, hits: 1, only: undefined, without: [] }
    const { answers } = await ask(new Map([[0, membersOf([old, other])]]), undefined, { groupBy })
    assert.deepEqual([answers.get(0)?.member.address, answers.get(0)?.groups], ['s1', groups])
  })

  it('asks another holder where one is of a version that leaves nothing out of groups, or tells no values of hits', async () => {
    const groups = (leftOut: boolean) => () => ({ documentsScored: 10, groups: { groups: [], more: false, leftOut } })
    const groupBy = { field: 'kind', groups: 3, hits: 1, only: undefined, without: ['a'] }
    const route = () => new Map([[0, membersOf(servers(groups(false), groups(true)))]])
    const left = await ask(route(), undefined, { groupBy })
    assert.deepEqual(
      [...left.answers.values()].map(({ member }) => member.address),
      ['s1'],
    )
    assert.equal(
      (await ask(route(), undefined, { groupBy: { ...groupBy, without: [] } })).answers.get(0)!.member.address,
      's0',
    )
    const hit = (values?: object) => () => ({
      documentsScored: 10,
      hits: [ShardHit.fromPartial({ id: 'a', address: { segment: 0, row: 0 }, ...values })],
    })
    const told = { values: { values: [{ kind: { $case: 'keyword', value: 'x' }, rest: 0 }] } }
    const list = membersOf(servers(hit(), hit(told)))
    const { answers } = await ask(new Map([[0, list]]), undefined, { valuesOf: 'kind' })
    assert.deepEqual([answers.get(0)?.member.address, answers.get(0)?.hits[0]?.values], ['s1', ['x']])
  })

  for (const [what, answer] of [
    ['fails', failing],
    ['refuses the call', refusing],
    ['is left out of the answer', () => undefined],
  ] as const) {
    it(`asks the next holder for a shard that ${what}, and then it counts as answered`, async () => {
      const list = servers(answer, done)
      const { answers, failures } = await ask(new Map([[0, membersOf(list)]]))
      assert.deepEqual([answers.get(0)?.member.address, failures.size], ['s1', 0])
      assert.deepEqual(
        list.map(({ asked }) => asked.length),
        [1, 1],
      )
    })
  }

  it('notes the code of a call that failed, though the next holder answers', async () => {
    const { failedCalls } = await ask(new Map([[0, membersOf(servers(refusing, done))]]))
    assert.deepEqual([...failedCalls], ['overloaded'])
  })

  for (const [what, answers, asked, last] of [
    ['three holders at most', [failing, failing, failing, done], [1, 1, 1, 0], ['s2', 'corrupt_data']],
    ['two where the second is overloaded', [failing, refusing, done], [1, 1, 0], ['s1', 'overloaded']],
  ] as const) {
    it(`asks ${what}, and tells the failure of the last`, async () => {
      const list = servers(...answers)
      const { answers: given, failures } = await ask(new Map([[0, membersOf(list)]]))
      assert.deepEqual(
        list.map(server => server.asked.length),
        asked,
      )
      assert.deepEqual([given.size, failures.get(0)?.server, failures.get(0)?.code], [0, ...last])
    })
  }

  it('asks again only for the shards that failed', async () => {
    const list = servers(shard => (shard === 1 ? failing(shard) : done(shard)), done)
    const members = membersOf(list)
    const { answers } = await ask(
      new Map([
        [0, members],
        [1, members],
      ]),
    )
    assert.deepEqual(
      list.map(({ asked }) => asked),
      [[[0, 1]], [[1]]],
    )
    assert.equal(answers.size, 2)
  })

  it('asks nobody again once the time is over, or the caller has gone', async () => {
    let nowMs = 0
    const caller = new AbortController()
    const ends: (readonly [end: () => void, code: string])[] = [
      [() => (nowMs += 1_000), 'corrupt_data'],
      [() => caller.abort(), 'cancelled'],
    ]
    for (const [end, code] of ends) {
      const list = servers(shard => {
        end()
        return failing(shard)
      }, done)
      const clock = { now: () => nowMs, monotonicMs: () => nowMs }
      const { failures } = await ask(
        new Map([[0, membersOf(list)]]),
        Deadline.after(500, { clock, signal: caller.signal }),
      )
      assert.deepEqual([list[1]!.asked.length, failures.get(0)?.code], [0, code])
    }
  })

  it('makes no call to a server that is down, nor to a next holder that is', async () => {
    const list = servers(done, failing, done)
    const members = membersOf(list)
    for (const at of [0, 2]) members[at]!.markDown('gone')
    const { answers, failures } = await ask(
      new Map([
        [0, [members[0]!]],
        [1, [members[1]!, members[2]!]],
        [2, [members[0]!, members[1]!]],
      ]),
    )
    assert.deepEqual(
      list.map(({ asked }) => asked),
      [[], [[1, 2]], []],
    )
    assert.deepEqual([answers.size, failures.get(0)?.code, failures.get(1)?.code], [0, 'unavailable', 'corrupt_data'])
  })

  it('takes hits that are of another shard, out of order or there twice for a defect, and asks the next holder', async () => {
    const hit = (id: string, score: number, segment = 0): ShardHit => {
      return { id, score, address: { segment, row: 0 }, document: undefined, passage: undefined, sort: [] }
    }
    const right: Answer = () => ({ hits: [hit('b', 2), hit('a', 1), hit('c', 1)] })
    for (const hits of [[hit('a', 1, 1)], [hit('a', 1, 9)], [hit('a', 1), hit('b', 2)], [hit('a', 1), hit('a', 1)]]) {
      const { answers } = await ask(new Map([[0, membersOf(servers(() => ({ hits }), right))]]))
      assert.deepEqual([answers.get(0)?.member.address, answers.get(0)?.hits.length], ['s1', 3])
    }
  })

  it('takes a hit without an address, and a failure without a reason, for a defect of the server', async () => {
    const unsaid: Answer = () => ({ stopReason: StopReason.STOP_REASON_ERROR })
    const nowhere: Answer = () => ({ hits: [{ id: 'a', score: 1, address: undefined } as ShardHit] })
    for (const answer of [unsaid, nowhere]) {
      const { failures } = await ask(new Map([[0, membersOf(servers(answer))]]))
      assert.equal(failures.get(0)?.code, 'internal')
    }
  })
})
