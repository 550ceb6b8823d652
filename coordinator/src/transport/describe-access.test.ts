import assert from 'node:assert/strict'
import { scopes } from '@hypershard/access'
import { accessScopes } from '@hypershard/contract'
import { type TestKeys, writeTestKeys } from '@hypershard/harness'
import { request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const asked = {
  shop: { scopes: ['search'], indexes: ['products*'], expires_at: '2999-01-01T00:00:00Z' },
  tenant: { scopes: ['search', 'write'], filter: { field: 'tenant', equals: 'ada' } },
  expired: { expires_at: '2026-01-02T00:00:00Z' },
} as const

type Name = keyof typeof asked

describe('what a caller may do', () => {
  let keys: TestKeys<Name> | undefined
  let coordinator: TestCoordinator

  afterEach(async () => {
    await coordinator.stop()
    await keys?.remove()
  })

  const ask = (headers: Record<string, string> = {}) => request(`${coordinator.url}/v1/access`, { headers })

  it('is what his key says, and of its filter only that there is one', async () => {
    keys = await writeTestKeys<Name>(asked as never)
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_KEYS: keys.path }, indexer: false })
    assert.deepEqual((await ask(keys.headers.shop)).json, {
      keys_needed: true,
      key: { id: keys.ids.shop, name: 'shop', expires_at: '2999-01-01T00:00:00Z' },
      scopes: ['search'],
      indexes: ['products*'],
      filtered: false,
    })
    const tenant = await ask(keys.headers.tenant)
    assert.deepEqual([tenant.json.scopes, tenant.json.filtered], [['search', 'write'], true])
    assert.doesNotMatch(JSON.stringify(tenant.json), /ada|hash/)
    for (const headers of [{}, keys.headers.expired, { authorization: 'Bearer hs_000000000000_nothing' }]) {
      const { status, json } = await ask(headers)
      assert.deepEqual(
        [status, json],
        [200, { keys_needed: true, key: null, scopes: [], indexes: [], filtered: false }],
      )
    }
  })

  it('is everything where no keys are asked for', async () => {
    coordinator = await startTestCoordinator({ indexer: false })
    const { json } = await ask()
    assert.deepEqual(json, { keys_needed: false, key: null, scopes: [...scopes], indexes: ['*'], filtered: false })
    assert.deepEqual([...accessScopes], [...scopes])
  })
})
