import assert from 'node:assert/strict'
import { serverStateOf } from './server-state.ts'

describe('the state of a shard server, in a word', () => {
  const live = { live: true, draining: false, listed: true, placed_since: '2026-01-01T00:00:00.000Z' }
  const cases = [
    { state: 'live', server: live },
    { state: 'joining', server: { ...live, placed_since: null } },
    { state: 'leaving', server: { ...live, listed: false, placed_since: null } },
    { state: 'draining', server: { ...live, draining: true, listed: false, placed_since: null } },
    { state: 'down', server: { ...live, live: false, draining: true } },
  ]
  for (const { state, server } of cases) it(`is ${state}`, () => assert.equal(serverStateOf(server), state))
})
