import assert from 'node:assert/strict'
import { Deadline, silentLogger } from '@hypershard/common'
import { captureLog, eventually, VirtualClock } from '@hypershard/harness'
import { type DnsServer, startDnsServer } from '@hypershard/harness/servers'
import { firstServers } from '../first-servers.ts'
import { openMembership } from '../open-membership.ts'
import type { MembershipSource } from '../ports.ts'
import { dnsMembership } from './dns-membership.ts'

const addressesOf = (source: MembershipSource) => source.currentView().servers.map(({ address }) => address)

describe('membership by DNS', () => {
  let clock: VirtualClock
  let answers: Record<4 | 6, readonly string[] | Error>
  let asked: number
  let captured: ReturnType<typeof captureLog>
  let source: MembershipSource

  beforeEach(async () => {
    clock = new VirtualClock()
    answers = { 4: ['10.0.0.2', '10.0.0.1'], 6: [] }
    asked = 0
    captured = captureLog()
    const lookup = async (family: 4 | 6) => {
      if (family === 4) asked++
      const answer = answers[family]
      if (answer instanceof Error) throw answer
      return answer
    }
    source = dnsMembership({ name: 'dns:///servers:1', port: 1, lookup, everyMs: 5_000, clock }, captured.log)
    await clock.advance(0)
  })

  afterEach(() => source.close())

  it('has a server for each address, in order', () => {
    assert.deepEqual(source.currentView(), {
      number: 2,
      servers: ['10.0.0.1:1', '10.0.0.2:1'].map(address => ({ address, weight: 1, zone: '' })),
    })
  })

  it('resolves again at its interval, and makes a view of each change alone', async () => {
    const told: string[][] = []
    const end = source.follow(({ servers }) => told.push(servers.map(({ address }) => address)))
    await clock.advance(5_000)
    answers[4] = ['10.0.0.1', '10.0.0.3', '10.0.0.1']
    await clock.advance(5_000)
    end()
    answers[4] = ['10.0.0.9']
    await clock.advance(5_000)
    assert.deepEqual(told, [['10.0.0.1:1', '10.0.0.3:1']])
    assert.deepEqual([source.currentView().number, asked], [4, 4])
  })

  it('resolves soon when asked to, but not more often than twice a second', async () => {
    await clock.advance(1_000)
    for (let at = 0; at < 10; at++) source.lookSoon()
    await clock.advance(0)
    assert.equal(asked, 2)
    for (let at = 0; at < 10; at++) {
      source.lookSoon()
      await clock.advance(100)
    }
    assert.ok(asked <= 4, `${asked} times`)
  })

  it('takes addresses of IPv6 where there are no others', async () => {
    answers[6] = ['fd00::1']
    await clock.advance(5_000)
    assert.deepEqual(addressesOf(source), ['10.0.0.1:1', '10.0.0.2:1'])
    answers[4] = []
    await clock.advance(5_000)
    assert.deepEqual(addressesOf(source), ['[fd00::1]:1'])
  })

  for (const [what, failing] of [
    ['a lookup that fails', { 4: new Error('SERVFAIL'), 6: ['fd00::1'] }],
    ['a name that is not known any more', { 4: [], 6: [] }],
  ] as const) {
    it(`keeps its view over ${what}, and says so once`, async () => {
      answers = failing
      await clock.advance(60_000)
      assert.deepEqual([addressesOf(source), source.currentView().number], [['10.0.0.1:1', '10.0.0.2:1'], 2])
      answers = { 4: ['10.0.0.4'], 6: [] }
      await clock.advance(5_000)
      assert.deepEqual(addressesOf(source), ['10.0.0.4:1'])
      const lines = captured.lines.map(({ msg }) => msg)
      assert.deepEqual(lines, ['away; the next line comes when it is back', 'back'])
    })
  }
})

describe('membership by a DNS server', () => {
  let server: DnsServer
  let source: MembershipSource

  beforeEach(async () => {
    server = await startDnsServer()
  })

  afterEach(async () => {
    source.close()
    await server.stop()
  })

  const open = () =>
    openMembership(
      { by: 'dns', text: 'dns', host: 'shards.search.test', port: 7710, server: server.address },
      { kind: 'shard-server', refreshMs: 50 },
      silentLogger(),
    )

  /** An answer is read before the next question but one is asked. */
  async function askedAgain(): Promise<void> {
    const before = server.asked
    await eventually(() => server.asked >= before + 5)
  }

  it('follows its records over UDP, and keeps its view while the server fails or knows nothing', async () => {
    source = open()
    assert.deepEqual(source.currentView(), { number: 1, servers: [] })
    server.names.set('shards.search.test', ['127.0.0.2', '127.0.0.1', 'fd00::1'])
    await firstServers(source, Deadline.after(60_000))
    assert.deepEqual(addressesOf(source), ['127.0.0.1:7710', '127.0.0.2:7710'])
    server.names.set('shards.search.test', ['127.0.0.3', 'fd00::3'])
    await eventually(() => addressesOf(source).join() === '127.0.0.3:7710')
    const { number } = source.currentView()
    server.failing.add(4)
    await askedAgain()
    server.names.delete('shards.search.test')
    server.failing.clear()
    await askedAgain()
    assert.deepEqual([addressesOf(source), source.currentView().number], [['127.0.0.3:7710'], number])
    server.names.set('shards.search.test', ['fd00::2'])
    await eventually(() => addressesOf(source).join() === '[fd00::2]:7710')
    assert.equal(source.currentView().number, number + 1)
  })
})

describe('membership by the names that the system knows', () => {
  it('has the addresses of the loopback', async () => {
    const setting = { by: 'dns', text: 'dns:///localhost:7', host: 'localhost', port: 7, server: undefined } as const
    const source = openMembership(setting, { kind: 'encoder', refreshMs: 5_000 }, silentLogger())
    try {
      await firstServers(source, Deadline.after(60_000))
      assert.ok(['127.0.0.1:7', '[::1]:7'].includes(addressesOf(source)[0]!))
    } finally {
      source.close()
    }
  })
})
