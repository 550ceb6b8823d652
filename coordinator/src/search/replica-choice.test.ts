import assert from 'node:assert/strict'
import { Random } from '@hypershard/harness'
import { MemberLoad } from '../cluster/member-load.ts'
import { type SimulatedCall, simulateReplicas } from '../testing/simulate-replicas.ts'
import { orderReplicas, type Replica, type ShardToSpread, spreadShards } from './replica-choice.ts'

interface Named extends Replica {
  readonly name: string
}

function serverOf(name: string, figures?: { serviceMs: number; overheadMs: number }): Named {
  const load = new MemberLoad()
  load.start(-60_000)
  if (figures !== undefined) {
    const { serviceMs, overheadMs } = figures
    load.begin(1_000, -serviceMs - overheadMs).answered({ serviceMs }, 0)
  }
  return { name, load }
}

const namesOf = (servers: readonly Named[]) => servers.map(({ name }) => name).join('')

describe('the order of replicas', () => {
  const quick = { serviceMs: 8, overheadMs: 2 }

  it('has the one first that is expected to take less, whatever chance says', () => {
    const servers = [serverOf('s', { serviceMs: 24, overheadMs: 2 }), serverOf('q', quick)]
    for (const chance of [0, 0.3, 0.6, 0.99]) assert.equal(namesOf(orderReplicas(servers, () => chance, 0)), 'qs')
  })

  it('is by chance between two that are alike', () => {
    const servers = [serverOf('a', quick), serverOf('b', { serviceMs: 8.5, overheadMs: 2 })]
    const firsts = [0, 0.99].map(chance => orderReplicas(servers, () => chance, 0)[0]!.name)
    assert.deepEqual(firsts.sort(), ['a', 'b'])
  })

  it('has the better of two first that chance picked, and not always the best of all', () => {
    const times = { a: 10, b: 20, c: 40 }
    const servers = Object.entries(times).map(([name, serviceMs]) => serverOf(name, { serviceMs, overheadMs: 0 }))
    const random = new Random(1)
    const orders = new Set(Array.from({ length: 200 }, () => namesOf(orderReplicas(servers, () => random.next(), 0))))
    // The worst is never first, the second best is when the best was not picked, and the others follow by their times.
    assert.deepEqual([...orders].sort(), ['abc', 'bac'])
  })

  it('takes one of which nothing is known for like the others', () => {
    const servers = [serverOf('s', { serviceMs: 30, overheadMs: 0 }), serverOf('n')]
    servers[0]!.load.begin(1_000, 0)
    assert.equal(namesOf(orderReplicas(servers, () => 0, 0)), 'ns')
  })
})

describe('the shards of one query', () => {
  function spread(servers: readonly Named[], shards: number, { documents = 1_000, equals = servers.length } = {}) {
    const list: ShardToSpread<Named>[] = Array.from({ length: shards }, (_, shard) => ({
      shard,
      documents,
      holders: servers,
      equals,
    }))
    const given = new Map(servers.map(({ name }) => [name, 0]))
    for (const [{ name }] of [...spreadShards(list, 0).values()] as [Named][]) given.set(name, given.get(name)! + 1)
    return Object.fromEntries(given)
  }

  it('are divided over the servers that hold them', () => {
    assert.deepEqual(spread([serverOf('a'), serverOf('b')], 4), { a: 2, b: 2 })
    const like = { serviceMs: 10, overheadMs: 1 }
    assert.deepEqual(spread([serverOf('a', like), serverOf('b', like)], 8), { a: 4, b: 4 })
  })

  it('stay with one server where another would hardly end sooner: it costs a copy of the query', () => {
    const shipping = { serviceMs: 0.1, overheadMs: 10 }
    assert.deepEqual(spread([serverOf('a', shipping), serverOf('b', shipping)], 8), { a: 8, b: 0 })
  })

  it('go to a slower server as far as that ends the query sooner', () => {
    const [quick, slow] = [
      serverOf('q', { serviceMs: 10, overheadMs: 1 }),
      serverOf('s', { serviceMs: 30, overheadMs: 1 }),
    ]
    assert.deepEqual(spread([quick, slow], 8), { q: 6, s: 2 })
  })

  it('stay where the other holder must load them first', () => {
    assert.deepEqual(spread([serverOf('a'), serverOf('b')], 4, { equals: 1 }), { a: 4, b: 0 })
  })
})

describe('choosing replicas under load (simulated: 6 servers, 3 replicas, 5 coordinators)', () => {
  const busy = { seed: 7, servers: 6, replicas: 3, coordinators: 5, serviceMs: 10, load: 0.6, calls: 12_000 } as const
  const quantile = (calls: readonly SimulatedCall[], share: number) =>
    calls.map(({ tookMs }) => tookMs).sort((a, b) => a - b)[Math.floor(share * calls.length)]!
  const shareOf = (calls: readonly SimulatedCall[], server: number) =>
    calls.filter(call => call.server === server).length / calls.length

  it('gives no server much more than its share, and no worse a p99 than the fewest calls outstanding', () => {
    const ours = simulateReplicas({ ...busy, policy: 'expected time' })
    const outstanding = simulateReplicas({ ...busy, policy: 'outstanding' })
    for (let server = 0; server < 6; server++) assert.ok(Math.abs(shareOf(ours, server) - 1 / 6) < 0.02)
    assert.ok(quantile(ours, 0.99) <= 1.1 * quantile(outstanding, 0.99))
  })

  it('keeps away from a server behind a slow link, which few outstanding calls do not tell', () => {
    const slow = { ...busy, delayMs: (server: number) => (server === 0 ? 300 : 0) }
    const ours = simulateReplicas({ ...slow, policy: 'expected time' })
    const outstanding = simulateReplicas({ ...slow, policy: 'outstanding' })
    assert.ok(shareOf(ours, 0) < 0.01, `${shareOf(ours, 0)}`)
    assert.ok(shareOf(outstanding, 0) > 0.01)
    assert.ok(quantile(ours, 0.99) < 200 && quantile(outstanding, 0.99) > 300)
  })

  it('lets the share of a server that has come back grow, and reach that of the others', () => {
    const calls = simulateReplicas({ ...busy, calls: 30_000, policy: 'expected time', restartedAtMs: [0, 30_000] })
    const during = (from: number, to: number) =>
      shareOf(
        calls.filter(({ startMs }) => startMs >= from && startMs < to),
        0,
      )
    const shares = [during(30_000, 32_000), during(34_000, 37_000), during(41_000, 60_000)] as const
    assert.ok(shares[0] < 0.08 && shares[0] < shares[1] && shares[1] < shares[2], `${shares}`)
    assert.ok(shares[2] > 0.13, `${shares}`)
  })
})
