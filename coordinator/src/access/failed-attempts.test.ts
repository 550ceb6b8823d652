import assert from 'node:assert/strict'
import { BlockList, isIPv6 } from 'node:net'
import { HypershardError } from '@hypershard/common'
import { captureLog, VirtualClock } from '@hypershard/harness'
import fc from 'fast-check'
import { FailedAttempts, networkOf } from './failed-attempts.ts'

describe('keys that are not valid', () => {
  for (const [address, network] of [
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['::ffff:a00:7', '10.0.0.7'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff::', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['64:ff9b::10.0.0.7', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64%eth0'],
    ['unknown', 'unknown'],
  ] as const) {
    it(`of ${address} count as of ${network}`, () => assert.equal(networkOf(address), network))
  }

  it('count as of one network where the first 64 bits are the same, as node has it', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
        const [network, theirs] = [networkOf(one), networkOf(other)]
        fc.pre(isIPv6(one) && isIPv6(other) && network.endsWith('::/64') && theirs.endsWith('::/64'))
        const list = new BlockList()
        list.addSubnet(network.slice(0, -'/64'.length), 64, 'ipv6')
        assert.ok(list.check(one, 'ipv6'))
        assert.equal(list.check(other, 'ipv6'), network === theirs)
      }),
    )
  })

  it('are bounded for a whole network, and not for the next', () => {
    const failed = new FailedAttempts(new VirtualClock(), captureLog().log)
    const error = new HypershardError('unauthenticated', 'not valid')
    const codeOf = (address: string) => failed.count(error, address).code
    for (let host = 1; host <= 100; host++) assert.equal(codeOf(`2001:db8::${host}`), 'unauthenticated')
    assert.equal(codeOf('2001:db8::ffff'), 'rate_limited')
    assert.equal(codeOf('2001:db8:0:1::1'), 'unauthenticated')
  })
})
