import assert from 'node:assert/strict'
import { z } from 'zod'
import { hostAndPort, readConfig, wholeNumber } from './config.ts'

const shape = {
  HYPERSHARD_ENCODER: hostAndPort(),
  HYPERSHARD_ENCODER_LISTEN: hostAndPort().default('127.0.0.1:0'),
  HYPERSHARD_SHARD_LISTEN: hostAndPort().default('127.0.0.1:0'),
  HYPERSHARD_SHARD_THREADS: wholeNumber({ min: 1, max: 8 }).default(2),
  HYPERSHARD_STORE: z.string().default('/data'),
} as const

const own = { HYPERSHARD_ENCODER: '10.0.0.1:7702' }

/** What Kubernetes makes of a service; the first port's name, if any, and the protocol in small letters. */
function linksOf(service: string, address: string, port: number, protocol = 'tcp'): Record<string, string> {
  const name = service.toUpperCase().replaceAll('-', '_')
  const host = address.includes(':') ? `[${address}]` : address
  const place = `${name}_PORT_${port}_${protocol.toUpperCase()}`
  return {
    [`${name}_SERVICE_HOST`]: address,
    [`${name}_SERVICE_PORT`]: `${port}`,
    [`${name}_SERVICE_PORT_GRPC`]: `${port}`,
    [`${name}_SERVICE_PORT_HTTP_METRICS`]: `${port}`,
    [`${name}_PORT`]: `${protocol}://${host}:${port}`,
    [place]: `${protocol}://${host}:${port}`,
    [`${place}_PROTO`]: protocol,
    [`${place}_PORT`]: `${port}`,
    [`${place}_ADDR`]: address,
  }
}

describe('what Kubernetes puts into the environment for services', () => {
  const services = [
    ...['hypershard', 'hypershard-encoder', 'hypershard-shard', 'hypershard-shard-servers', 'hypershard-store'],
    // Named like settings, or like the beginning of one.
    ...['hypershard-shard-listen', 'hypershard-encoder-listen', 'hypershard-shard-threads', 'hypershard-http-listen'],
    // Named like what is injected.
    ...['hypershard-encoder-port', 'hypershard-encoder-service', 'hypershard-shard-1'],
  ]
  for (const service of services) {
    it(`is no setting, of a service called ${service}`, () => {
      for (const links of [
        linksOf(service, '10.96.0.13', 7702),
        linksOf(service, 'fd00::d', 7702),
        linksOf(service, '10.96.0.13', 53, 'udp'),
        linksOf(service, '10.96.0.13', 9899, 'sctp'),
      ]) {
        assert.deepEqual(readConfig(shape, { ...own, ...links }), readConfig(shape, own))
      }
    })
  }

  it('does not stand in the way of a setting that is written by hand beside it', () => {
    const links = linksOf('hypershard-shard-threads', '10.96.0.13', 7710)
    const config = readConfig(shape, { ...own, ...links, HYPERSHARD_SHARD_THREADS: '4' })
    assert.equal(config.HYPERSHARD_SHARD_THREADS, 4)
  })

  for (const [name, value] of [
    ['HYPERSHARD_ENCODER_PORT', '7702'],
    ['HYPERSHARD_ENCODER_PORT', '127.0.0.1:7702'],
    ['HYPERSHARD_ENCODER_PORT', ''],
    ['HYPERSHARD_SHARD_SERVICE_HOST', 'shard.example'],
    ['HYPERSHARD_SHARD_SERVICE_PORT', 'tcp'],
    ['HYPERSHARD_SHARD_HOST', '10.96.0.13'],
    ['HYPERSHARD_SHARD_LISTEN_', 'tcp://10.96.0.13:7702'],
    ['HYPERSHARD_SHARD_PORTS', 'tcp://10.96.0.13:7702'],
    ['HYPERSHARD_SHARD_TREADS', '4'],
  ] as const) {
    it(`is not taken for it: ${name}=${value}`, () => {
      assert.throws(() => readConfig(shape, { ...own, [name]: value }), {
        code: 'invalid_config',
        message: new RegExp(`${name}: no such setting`),
      })
    })
  }
})
