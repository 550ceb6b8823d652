import assert from 'node:assert/strict'
import { silentLogger } from '@hypershard/common'
import { captureLog, eventually } from '@hypershard/harness'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import { Redis } from 'ioredis'
import { Announcer } from '../announcer.ts'
import { RedisChannel } from './redis-channel.ts'

describe('hints by a Redis', () => {
  let redis: RedisServer
  let announcers: Announcer[]

  before(async function () {
    const started = await startRedisServer()
    if (started === undefined) return this.skip()
    redis = started
  })

  beforeEach(() => {
    announcers = []
  })

  afterEach(() => {
    for (const announcer of announcers) announcer.close()
  })

  after(() => redis?.stop())

  async function join(log = silentLogger()): Promise<{ announcer: Announcer; heard: string[] }> {
    const announcer = new Announcer()
    announcers.push(announcer)
    const heard: string[] = []
    announcer.listen({ onHint: key => heard.push(key), onGap: () => heard.push('gap') })
    announcer.open(ear => new RedisChannel(redis.url, ear, log))
    await eventually(() => announcer.hearing)
    return { announcer, heard }
  }

  it('reach every other process once, and whoever comes later says that it may have been missed', async () => {
    const one = await join()
    const other = await join()
    await eventually(() => one.heard.filter(key => key === 'gap').length === 2)
    for (const key of ['first', 'second']) one.announcer.tell(key)
    await eventually(() => other.heard.includes('second'))
    const told = (heard: string[]) => heard.filter(key => key !== 'gap')
    assert.deepEqual(
      [told(one.heard), told(other.heard)],
      [
        ['first', 'second'],
        ['first', 'second'],
      ],
    )
  })

  it('that were missed while it was away are looked for when it is back', async () => {
    const captured = captureLog()
    const { announcer, heard } = await join(captured.log)
    const client = new Redis(redis.url)
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await eventually(() => heard.filter(key => key === 'gap').length >= 2 && announcer.hearing)
    await client.publish('hypershard:hints', JSON.stringify({ sender: 'another', key: 'after' }))
    await eventually(() => heard.includes('after'))
    client.disconnect()
    await eventually(() => captured.lines.some(({ msg }) => msg === 'back'))
  })

  it('are not made of what others publish there', async () => {
    const captured = captureLog()
    const { heard } = await join(captured.log)
    const client = new Redis(redis.url)
    for (const text of ['not JSON', '{"sender":7}', JSON.stringify({ sender: 'another', key: 'a hint' })]) {
      await client.publish('hypershard:hints', text)
    }
    await eventually(() => heard.includes('a hint'))
    client.disconnect()
    assert.deepEqual(
      heard.filter(key => key !== 'gap'),
      ['a hint'],
    )
    assert.equal(captured.lines.filter(({ channel }) => channel !== undefined).length, 2)
  })

  it('are done without while nothing listens there', async () => {
    const announcer = new Announcer()
    announcers.push(announcer)
    announcer.open(ear => new RedisChannel('redis://127.0.0.1:1', ear, silentLogger()))
    announcer.tell('into the air')
    assert.equal(announcer.hearing, false)
  })
})
