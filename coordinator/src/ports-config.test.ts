import assert from 'node:assert/strict'
import { readConfig, silentLogger } from '@hypershard/common'
import { coordinatorConfig } from './config.ts'
import { openPublicCertificates, requireSafePorts } from './ports-config.ts'

const log = silentLogger()
const needed = { HYPERSHARD_ENCODER: 'e:1', HYPERSHARD_SHARD_SERVERS: 's:1', HYPERSHARD_STORE: '/store' }
const tls = { HYPERSHARD_TLS_CERT: '/c', HYPERSHARD_TLS_KEY: '/k', HYPERSHARD_TLS_CA: '/a' }
const keys = { HYPERSHARD_KEYS: '/keys' }
const read = (settings: Record<string, string>) => readConfig(coordinatorConfig, { ...needed, ...settings })

describe('the ports of a coordinator', () => {
  const refused: { settings: Record<string, string>; says: RegExp }[] = [
    { settings: { HYPERSHARD_HTTP_LISTEN: '0.0.0.0:0' }, says: /HYPERSHARD_HTTP_LISTEN: .*set HYPERSHARD_KEYS/ },
    { settings: { HYPERSHARD_GRPC_LISTEN: '[::]:0' }, says: /HYPERSHARD_GRPC_LISTEN: .*set HYPERSHARD_KEYS/ },
    { settings: { HYPERSHARD_INTERNAL_LISTEN: '0.0.0.0:0', ...keys }, says: /HYPERSHARD_INTERNAL_LISTEN: .*TLS_CERT/ },
    { settings: tls, says: /HYPERSHARD_INTERNAL_LISTEN: missing/ },
  ]
  for (const { settings, says } of refused) {
    it(`are not opened with ${Object.keys(settings).join(', ')} alone`, () => {
      assert.throws(() => requireSafePorts(read(settings), log), { code: 'invalid_config', message: says })
    })
  }

  const allowed: Record<string, string>[] = [
    {},
    { HYPERSHARD_HTTP_LISTEN: '0.0.0.0:0', HYPERSHARD_GRPC_LISTEN: '0.0.0.0:0', ...keys },
    { HYPERSHARD_INTERNAL_LISTEN: '0.0.0.0:0', ...tls },
    { HYPERSHARD_HTTP_LISTEN: '0.0.0.0:0', HYPERSHARD_INTERNAL_LISTEN: '0.0.0.0:0', HYPERSHARD_INSECURE: 'true' },
  ]
  for (const settings of allowed) {
    it(`are opened with ${Object.keys(settings).join(', ') || 'nothing set'}`, () =>
      requireSafePorts(read(settings), log))
  }

  for (const [has, lacks] of [['CERT', 'KEY'] as const, ['KEY', 'CERT'] as const]) {
    it(`speak no TLS with the ${has} alone`, async () => {
      const opened = openPublicCertificates(read({ [`HYPERSHARD_HTTP_TLS_${has}`]: '/x' }), log)
      const message = new RegExp(`HYPERSHARD_HTTP_TLS_${lacks}: missing`)
      await assert.rejects(opened, { code: 'invalid_config', message })
    })
  }
})
