import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Metadata, type ServiceError } from '@grpc/grpc-js'
import { Deadline } from '@hypershard/common'
import { connectClient } from '@hypershard/common/grpc'
import { eventually, RecordingMeter, type TestKeys, writeTestKeys } from '@hypershard/harness'
import { SearchServiceClient } from '@hypershard/proto/search'
import { accessMetrics } from '../access/metrics.ts'
import { request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'
import { grpcMetrics } from './grpc/metrics.ts'
import { httpMetrics } from './http/metrics.ts'

const asked = {
  root: {},
  reader: { scopes: ['read'] },
  other: { indexes: ['notes'] },
  slow: { limits: { requests_per_second: 1 } },
} as const

type Name = keyof typeof asked

describe('what a coordinator counts of access', () => {
  let folder: string
  let keys: TestKeys<Name>
  let meter: RecordingMeter
  let coordinator: TestCoordinator
  let client: SearchServiceClient

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-access-metrics-'))
    await mkdir(join(folder, 'logs'))
    keys = await writeTestKeys<Name>(asked as never)
    meter = new RecordingMeter()
    const environment = { HYPERSHARD_KEYS: keys.path, HYPERSHARD_AUDIT_LOG: join(folder, 'logs', 'audit.log') }
    coordinator = await startTestCoordinator({ environment, indexer: false, meter })
    client = connectClient(SearchServiceClient, coordinator.grpcAddress)
  })

  afterEach(async () => {
    client?.close()
    await coordinator?.stop()
    await keys?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  const ask = (path: string, headers: Readonly<Record<string, string>> = {}, init: RequestInit = {}) =>
    request(`${coordinator.url}${path}`, { ...init, headers: { 'content-type': 'application/json', ...headers } })

  /** @returns the status's number */
  function call(authorization?: string, name = 'papers'): Promise<number> {
    const metadata = new Metadata()
    if (authorization !== undefined) metadata.set('authorization', authorization)
    const options = { deadline: Deadline.after(60_000).toDate() }
    return new Promise(resolve => {
      client.getIndex({ name }, metadata, options, (error: ServiceError | null) => resolve(error?.code ?? 0))
    })
  }

  const refused = (transport: string) =>
    Promise.all(
      ['unauthenticated', 'forbidden', 'rate_limited'].map(code =>
        meter.valueOf(accessMetrics.refused, { transport, code }),
      ),
    )

  const wrong = { authorization: `Bearer hs_0123456789ab_${'a'.repeat(32)}` }

  it('is no request and no call while metrics are off', async () => {
    meter.counting = false
    await ask('/v1/indexes', keys.headers.root)
    await call()
    meter.counting = true
    await ask('/v1/indexes', keys.headers.root)
    await call()
    // An answer may be here before it is counted.
    await eventually(async () => (await meter.countOf(httpMetrics.requestSeconds)) > 0)
    assert.equal(await meter.countOf(httpMetrics.requestSeconds), 1)
    assert.equal(await meter.countOf(grpcMetrics.callSeconds), 1)
  })

  it('is each refused request once, by its reason and the door where it came', async () => {
    await ask('/v1/indexes')
    await ask('/v1/indexes', wrong)
    await ask('/v1/indexes/papers', keys.headers.other)
    const create = { method: 'POST', body: JSON.stringify({ name: 'papers' }) }
    await ask('/v1/indexes', keys.headers.other, create)
    await ask('/v1/indexes', keys.headers.root, create)
    for (let at = 0; at < 2; at++) await ask('/v1/indexes', keys.headers.slow)
    assert.deepEqual(await refused('http'), [2, 2, 1])
    assert.deepEqual(await refused('grpc'), [0, 0, 0])
    await call()
    await call(wrong.authorization)
    await call(keys.headers.other.authorization)
    await call(keys.headers.slow.authorization)
    await call(keys.headers.root.authorization, 'none')
    assert.deepEqual(await refused('grpc'), [2, 1, 1])
    assert.deepEqual(await refused('http'), [2, 2, 1])
    assert.equal(await meter.valueOf(accessMetrics.failedAttempts), 2)
  })

  it('has every call of the gRPC API by how it ended', async () => {
    await ask('/v1/indexes', keys.headers.root, { method: 'POST', body: JSON.stringify({ name: 'papers' }) })
    const statuses = [
      await call(keys.headers.root.authorization),
      await call(keys.headers.root.authorization, 'none'),
      await call(),
    ]
    assert.deepEqual(statuses, [0, 5, 16])
    await eventually(async () => (await meter.countOf(grpcMetrics.callSeconds)) === 3)
    for (const status of ['OK', 'NOT_FOUND', 'UNAUTHENTICATED']) {
      assert.equal(await meter.countOf(grpcMetrics.callSeconds, { method: 'GetIndex', status }), 1, status)
    }
  })

  it('has the keys, and how old they are', async () => {
    assert.equal(await meter.valueOf(accessMetrics.keys), 4)
    const age = await meter.valueOf(accessMetrics.keysAge)
    assert.ok(age >= 0 && age < 60, `${age}`)
  })

  it('has the lines of the audit log, and those that could not be written', async () => {
    const create = (name: string) =>
      ask('/v1/indexes', keys.headers.root, { method: 'POST', body: JSON.stringify({ name }) })
    await create('papers')
    await ask('/v1/indexes/papers', keys.headers.reader, { method: 'DELETE' })
    assert.deepEqual(await meter.by(accessMetrics.auditLines, 'result'), { written: 3 })
    await rm(join(folder, 'logs'), { recursive: true })
    assert.equal((await create('more')).status, 503)
    assert.deepEqual(await meter.by(accessMetrics.auditLines, 'result'), { failed: 1, written: 3 })
  })
})
