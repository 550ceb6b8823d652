/**
 * Stands in for a service's `main.ts` in tests of the supervisor: listens where its settings say, announces itself, and
 * ends when its parent does. `FAKE_FATAL=<role>` makes it fail as a service with a wrong setting, `FAKE_CRASH=<role>`
 * end soon after it was ready. `FAKE_UNSERVED=<names>` makes the coordinator say that these indexes lack their model.
 */
import { writeSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

const { env } = process
const role = roleOf(env)

if (env.FAKE_FATAL === role) fail('models/none: model.json is missing; export the model again', 'invalid_model')

// Only the coordinator is asked anything; the others start faster without what the API needs.
const api =
  role === 'coordinator'
    ? (await import('../api/fake-api.ts')).createFakeApi({ unserved: env.FAKE_UNSERVED?.split(',') ?? [] })
    : undefined

const listens =
  role === 'coordinator'
    ? { http: env.HYPERSHARD_HTTP_LISTEN, grpc: env.HYPERSHARD_GRPC_LISTEN }
    : role === 'indexer'
      ? {}
      : { grpc: env.HYPERSHARD_SHARD_LISTEN ?? env.HYPERSHARD_ENCODER_LISTEN }

const addresses: Record<string, string> = {}
const all = { ...listens, admin: env.HYPERSHARD_ADMIN_LISTEN }
for (const [name, address = ''] of Object.entries(all)) addresses[name] = await listen(address)
process.on('disconnect', () => process.exit(0))
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    writeSync(2, `${role} stopped by ${signal}\n`)
    process.exit(0)
  })
}
process.send?.({ type: 'ready', addresses })
if (env.FAKE_CRASH === role) setTimeout(() => process.exit(3), 10)

function roleOf(settings: NodeJS.ProcessEnv): 'coordinator' | 'shard' | 'encoder' | 'indexer' {
  if (settings.HYPERSHARD_HTTP_LISTEN) return 'coordinator'
  if (settings.HYPERSHARD_SHARD_LISTEN) return 'shard'
  return settings.HYPERSHARD_ENCODER_LISTEN ? 'encoder' : 'indexer'
}

function listen(address: string): Promise<string> {
  const [host = '', port = ''] = address.split(':')
  const server = http.createServer(api)
  server.on('error', () => fail(`cannot listen on ${address}`, 'address_in_use', { address }))
  return new Promise(resolve => {
    server.listen(Number(port), host, () => resolve(`${host}:${(server.address() as AddressInfo).port}`))
  })
}

function fail(message: string, code: string, details: Record<string, string> = {}): never {
  writeSync(2, `${JSON.stringify({ level: 60, msg: `cannot start: ${message}`, err: { message, code, details } })}\n`)
  process.exit(78)
}
