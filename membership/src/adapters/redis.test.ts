import assert from 'node:assert/strict'
import { Deadline, silentLogger, systemClock } from '@hypershard/common'
import { captureLog, eventually, freePort } from '@hypershard/harness'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import { Redis } from 'ioredis'
import { announceMember, requireAdvertised } from '../announce-member.ts'
import { firstServers } from '../first-servers.ts'
import type { MemberAnnouncer, MembershipSource } from '../ports.ts'
import { RedisMembership } from './redis-membership.ts'

const soon = () => Deadline.after(60_000)
const key = (address: string) => `hypershard:members:encoder:${address}`

describe('membership by a Redis', () => {
  let redis: RedisServer
  let client: Redis
  let ends: (() => unknown)[]

  before(async function () {
    const started = await startRedisServer()
    if (started === undefined) return this.skip()
    redis = started
  })

  beforeEach(() => {
    client = new Redis(redis.url)
    ends = [() => client.disconnect()]
  })

  afterEach(async () => {
    await redis.flush()
    for (const end of ends.reverse()) await end()
  })

  after(() => redis?.stop())

  function follow(url = redis.url, log = silentLogger()): MembershipSource {
    const source = new RedisMembership({ url, kind: 'encoder', everyMs: 50, clock: systemClock }, log)
    ends.push(() => source.close())
    return source
  }

  function announce(
    listening: string,
    { weight = 1, draining = (): boolean => false, url = redis.url } = {},
  ): MemberAnnouncer {
    const config = {
      HYPERSHARD_MEMBERSHIP_REDIS_URL: url,
      HYPERSHARD_ADVERTISE: undefined,
      HYPERSHARD_MEMBERSHIP_WEIGHT: weight,
    }
    const describe = () => ({
      zone: 'east',
      device: 'cpu',
      memoryBytes: 4,
      memoryFreeBytes: 3,
      protocolVersion: 2,
      modelDigests: ['m'],
      draining: draining(),
    })
    const announcer = announceMember(config, { kind: 'encoder', listening, describe }, silentLogger())
    ends.push(() => announcer.stop())
    return announcer
  }

  const addressesOf = (source: MembershipSource) => source.currentView().servers.map(({ address }) => address)

  it('knows who is there, who comes and who says that it ends', async () => {
    const first = announce('a:1', { weight: 2 })
    const captured = captureLog()
    const early = follow(redis.url, captured.log)
    await firstServers(early, soon())
    assert.deepEqual(early.currentView().servers, [{ address: 'a:1', weight: 2, zone: 'east' }])
    announce('b:1')
    await eventually(() => addressesOf(early).length === 2)
    const late = follow()
    await eventually(() => addressesOf(late).join() === 'a:1,b:1')
    await first.stop()
    await eventually(() => addressesOf(early).join() === 'b:1' && addressesOf(late).join() === 'b:1')
    assert.equal(await client.exists(key('a:1')), 0)
    const scans = await scansOf(client)
    await eventually(async () => (await scansOf(client)) > scans + 4)
    assert.deepEqual(captured.lines, [])
  })

  it('lets an announcement stand for some seconds, and has what changed at once', async () => {
    let draining = false
    const announcer = announce('a:1', { draining: () => draining })
    await eventually(async () => (await client.exists(key('a:1'))) === 1)
    assert.ok((await client.pttl(key('a:1'))) <= 15_000)
    draining = true
    await announcer.changed()
    assert.deepEqual(JSON.parse((await client.get(key('a:1')))!), {
      address: 'a:1',
      zone: 'east',
      weight: 1,
      device: 'cpu',
      memoryBytes: 4,
      memoryFreeBytes: 3,
      protocolVersion: 2,
      modelDigests: ['m'],
      draining: true,
    })
  })

  it('keeps its view when everything in it is lost', async () => {
    announce('a:1')
    const source = follow()
    await firstServers(source, soon())
    const { number } = source.currentView()
    source.askBeforeLeaving(() => true)
    const end = source.follow(() => assert.fail('nothing changed'))
    await client.del(key('a:1'))
    const later = follow()
    const scans = await scansOf(client)
    await eventually(async () => (await scansOf(client)) > scans + 4)
    end()
    assert.deepEqual([addressesOf(source), source.currentView().number, addressesOf(later)], [['a:1'], number, []])
  })

  it('reads nothing of what others write there, and says so once', async () => {
    await client.set(key('x:1'), 'not JSON')
    await client.set(key('y:1'), JSON.stringify({ address: 'y', weight: 1 }))
    await client.set('hypershard:members:shard-server:z:1', '{}')
    const captured = captureLog()
    announce('a:1')
    const source = follow(redis.url, captured.log)
    await firstServers(source, soon())
    await client.publish('hypershard:members:encoder:channel:0', '{"is":"here"}')
    announce('b:1')
    await eventually(() => addressesOf(source).join() === 'a:1,b:1')
    assert.equal(captured.lines.filter(({ channel }) => channel !== undefined).length, 1)
  })

  it('is that of one database, so that clusters may share a Redis', async () => {
    const [own, other] = [follow(), follow(`${redis.url}/1`)]
    announce('own:1')
    await firstServers(own, soon())
    announce('other:1', { url: `${redis.url}/1` })
    await firstServers(other, soon())
    announce('own:2')
    await eventually(() => addressesOf(own).includes('own:2'))
    assert.deepEqual([addressesOf(own), addressesOf(other)], [['own:1', 'own:2'], ['other:1']])
  })

  it('starts without servers while nothing listens there, and has them once it can', async () => {
    const port = await freePort()
    const url = `redis://127.0.0.1:${port}`
    const captured = captureLog()
    const source = follow(url, captured.log)
    const announcer = announce('a:1', { url })
    await announcer.changed()
    await eventually(() => captured.lines.length > 0)
    assert.deepEqual(source.currentView(), { number: 1, servers: [] })
    const late = (await startRedisServer('--port', `${port}`))!
    try {
      await firstServers(source, soon())
      assert.deepEqual(addressesOf(source), ['a:1'])
      await eventually(() => captured.lines.some(({ msg }) => msg === 'back'))
    } finally {
      await late.stop()
    }
    // It ends all the same.
    await announcer.stop()
    assert.deepEqual(addressesOf(source), ['a:1'])
  })

  it('ends though the Redis does not answer', async () => {
    const frozen = (await startRedisServer())!
    try {
      const announcer = announce('a:1', { url: frozen.url })
      const source = follow(frozen.url)
      await firstServers(source, soon())
      process.kill(frozen.pid, 'SIGSTOP')
      await announcer.stop()
      assert.deepEqual(addressesOf(source), ['a:1'])
    } finally {
      await frozen.stop()
    }
  })

  it('asks for the address that others reach a server by, when it listens on all', () => {
    for (const listening of ['0.0.0.0:7', '[::]:7']) {
      const config = {
        HYPERSHARD_MEMBERSHIP_REDIS_URL: redis.url,
        HYPERSHARD_ADVERTISE: undefined,
        HYPERSHARD_MEMBERSHIP_WEIGHT: 1,
      }
      requireAdvertised({ ...config, HYPERSHARD_MEMBERSHIP_REDIS_URL: undefined }, listening)
      assert.throws(() => requireAdvertised(config, listening), {
        code: 'invalid_config',
        message: /HYPERSHARD_ADVERTISE/,
      })
    }
  })
})

/** How often keys were read so far, by anyone. */
async function scansOf(client: Redis): Promise<number> {
  const calls = /cmdstat_scan:calls=(\d+)/.exec(await client.info('commandstats'))
  return Number(calls?.[1] ?? 0)
}
