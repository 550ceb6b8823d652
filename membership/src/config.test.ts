import assert from 'node:assert/strict'
import { HypershardError, readConfig } from '@hypershard/common'
import { type MembershipSetting, memberConfig, membersSetting } from './config.ts'

const shape = { HYPERSHARD_SERVERS: membersSetting('the servers') }

function read(text: string): MembershipSetting {
  return readConfig(shape, { HYPERSHARD_SERVERS: text }).HYPERSHARD_SERVERS
}

describe('a setting that names servers', () => {
  it('is a list with weights and zones', () => {
    assert.deepEqual(read('a:1, b:2=2.5,[::1]:3@rack-1,c:4=0.5@eu.1'), {
      by: 'list',
      servers: [
        { address: 'a:1', weight: 1, zone: '' },
        { address: 'b:2', weight: 2.5, zone: '' },
        { address: '[::1]:3', weight: 1, zone: 'rack-1' },
        { address: 'c:4', weight: 0.5, zone: 'eu.1' },
      ],
    })
  })

  it('is a name of DNS, as the system resolves it or as one server does', () => {
    const text = 'dns:///shard-servers.search.svc:7710'
    const named = { by: 'dns', text, host: 'shard-servers.search.svc', port: 7710, server: undefined }
    assert.deepEqual(read(text), named)
    assert.equal((read('dns://10.0.0.2:5353/name:1') as { server?: string }).server, '10.0.0.2:5353')
    assert.equal((read('dns://[fd00::2]/name:1') as { server?: string }).server, '[fd00::2]')
  })

  it('is a Redis', () => {
    for (const url of ['redis://10.0.0.7:6379', 'rediss://:secret@host:1/2'])
      assert.deepEqual(read(url), { by: 'redis', url })
  })

  const wrong = [
    'a',
    'a:70000',
    'a:1=-1',
    'a:1@',
    'a:1 b:2',
    'dns://name:1',
    'dns:///name',
    'dns:///name:0',
    'dns:///name:70000',
    'dns://server/name:1',
    'redis://',
    'http://a:1',
  ]
  for (const text of wrong) {
    it(`says the three ways instead of taking ${text}`, () => {
      assert.throws(
        () => read(text),
        (error: HypershardError) =>
          error.code === 'invalid_config' &&
          /HYPERSHARD_SERVERS: .*host:port.*dns:\/\/\/name:port.*redis:/.test(error.message),
      )
    })
  }

  it('names each server once, and none of weight 0', () => {
    assert.throws(() => read('a:1,b:1,a:1=2'), /names a server twice/)
    assert.throws(() => read('a:1=0'), /a:1=0: a weight must be more than 0/)
    assert.throws(() => readConfig(shape, {}), /is required: the servers/)
  })
})

describe('the settings of a server that announces itself', () => {
  it('take a weight of more than 0, and an address with a port', () => {
    const config = readConfig(memberConfig, {
      HYPERSHARD_MEMBERSHIP_WEIGHT: '0.5',
      HYPERSHARD_ADVERTISE: '10.0.0.1:7710',
    })
    assert.deepEqual([config.HYPERSHARD_MEMBERSHIP_WEIGHT, config.HYPERSHARD_ADVERTISE], [0.5, '10.0.0.1:7710'])
    assert.equal(readConfig(memberConfig, {}).HYPERSHARD_MEMBERSHIP_WEIGHT, 1)
    for (const environment of [
      { HYPERSHARD_MEMBERSHIP_WEIGHT: '0' },
      { HYPERSHARD_ADVERTISE: '10.0.0.1:0' },
      { HYPERSHARD_MEMBERSHIP_REDIS_URL: 'http://a' },
    ]) {
      assert.throws(
        () => readConfig(memberConfig, environment),
        error => error instanceof HypershardError && error.code === 'invalid_config',
      )
    }
  })
})
