import assert from 'node:assert/strict'
import { effectiveServers, type ListedServer } from './effective-view.ts'

const live: ListedServer = {
  address: 'live:1',
  weight: 1,
  zone: 'a',
  live: true,
  unseen: false,
  draining: false,
  downSinceMs: undefined,
}
const down = { ...live, address: 'down:1', live: false, downSinceMs: 1_000 }
const draining = { ...live, address: 'draining:1', draining: true }
const ended = { ...draining, address: 'ended:1', live: false, downSinceMs: 0 }
const named = { ...live, address: 'named:1', live: false, unseen: true, downSinceMs: 0 }

function addresses(listed: readonly ListedServer[], nowMs: number, someLiveSinceMs: number | undefined = 0): string[] {
  return effectiveServers(listed, { nowMs, replaceAfterMs: 30_000, someLiveSinceMs }).map(({ address }) => address)
}

describe('the effective view', () => {
  const cases: [string, readonly ListedServer[], number, number | undefined, readonly string[]][] = [
    ['keeps a server that is away for less than the grace', [live, down], 30_999, 0, ['live:1', 'down:1']],
    ['is without one that is away for longer', [live, down], 31_000, 0, ['live:1']],
    ['is without one that drains', [live, draining], 0, 0, ['live:1']],
    ['is without one that was just named and not seen yet', [live, named], 0, 0, ['live:1']],
    ['keeps one that drains where there is no other', [draining], 0, 0, ['draining:1']],
    ['takes one that drains where all others are gone', [draining, down], 31_000, 0, ['draining:1']],
    ['is the list where nobody lives, however long', [down, ended], 1e9, undefined, ['down:1', 'ended:1']],
    ['counts no time in which nobody lived', [live, down], 1e9 + 29_999, 1e9, ['live:1', 'down:1']],
    ['is empty for an empty list', [], 0, 0, []],
  ]
  for (const [title, listed, nowMs, someLiveSinceMs, expected] of cases) {
    it(title, () => assert.deepEqual(addresses(listed, nowMs, someLiveSinceMs), expected))
  }

  it('has what the list says of each server', () => {
    const servers = effectiveServers([{ ...live, weight: 2 }], { nowMs: 0, replaceAfterMs: 1, someLiveSinceMs: 0 })
    assert.deepEqual(servers, [{ address: 'live:1', weight: 2, zone: 'a' }])
  })
})
