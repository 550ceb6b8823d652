import assert from 'node:assert/strict'
import { drawKey, type KeyRecord } from '@hypershard/access'
import { type Clock, quietTelemetry } from '@hypershard/common'
import { Door } from './door.ts'
import { KeyRing } from './key-ring.ts'

const rule = { scope: 'read' } as const
const index = 'papers'

describe('the door, while an answer goes on', () => {
  let ring: KeyRing
  let nowMs: number
  let stored: KeyRecord[]
  let door: Door
  let text: string
  const clock: Clock = {
    now: () => Date.UTC(2026, 0, 1) + nowMs,
    monotonicMs: () => nowMs,
    // The ring is read when a test says so.
    pause: (_, signal) => new Promise(resolve => signal?.addEventListener('abort', () => resolve())),
  }

  beforeEach(async () => {
    nowMs = 0
    const { id, text: drawn, hash } = drawKey()
    text = drawn
    const created_at = '2026-01-01T00:00:00Z'
    stored = [{ id, hash, name: 'watcher', scopes: ['read'], indexes: ['papers*'], created_at }]
    const { log, meter } = quietTelemetry()
    const store = {
      name: 'keys.json',
      read: async () => ({ keys: stored, unreadable: [] }),
      add: async () => {},
      remove: async () => false,
      close: () => {},
    }
    ring = await KeyRing.open(store, clock, log)
    door = new Door(ring, { clock, log, meter })
  })

  afterEach(() => ring.close())

  function partsOf(authorization: string): AsyncGenerator<number> {
    const caller = door.identify(rule, { authorization, address: '::1' })
    async function* endless() {
      for (let part = 1; ; part++) yield part
    }
    return door.whileAdmitted(endless(), { rule, caller, index })
  }

  for (const [what, change] of [
    ['is revoked', () => []],
    ['is replaced', ([key]) => [{ ...key!, hash: drawKey().hash }]],
    ['loses the scope', ([key]) => [{ ...key!, scopes: ['search'] }]],
    ['loses the index', ([key]) => [{ ...key!, indexes: ['others'] }]],
    ['gets a filter', ([key]) => [{ ...key!, filter: { field: 'tenant', equals: 'ada' } }]],
    ['has expired', ([key]) => [{ ...key!, expires_at: '2025-12-31T00:00:00Z' }]],
  ] satisfies [string, (keys: readonly KeyRecord[]) => KeyRecord[]][]) {
    it(`ends it once its key ${what}`, async () => {
      const parts = partsOf(`Bearer ${text}`)
      assert.equal((await parts.next()).value, 1)
      stored = change(stored)
      await ring.refresh()
      assert.equal((await parts.next()).done, true)
    })
  }

  it('ends it when its key expires meanwhile', async () => {
    stored = [{ ...stored[0]!, expires_at: '2026-01-01T00:01:00Z' }]
    await ring.refresh()
    const parts = partsOf(`Bearer ${text}`)
    nowMs = 59_999
    assert.equal((await parts.next()).value, 1)
    nowMs = 60_000
    assert.equal((await parts.next()).done, true)
  })

  it('lets it go on while its key stays, whatever becomes of others', async () => {
    const parts = partsOf(`Bearer ${text}`)
    const { id, hash } = drawKey()
    stored = [{ ...stored[0]!, id, hash }, { ...stored[0]! }]
    await ring.refresh()
    assert.deepEqual([(await parts.next()).value, (await parts.next()).value], [1, 2])
  })
})
