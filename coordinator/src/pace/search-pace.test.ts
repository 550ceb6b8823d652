import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { SearchPace } from './search-pace.ts'

describe('the pace of searches', () => {
  let nowMs = 0
  const clock = { now: () => nowMs, monotonicMs: () => nowMs }
  const missing = (code: string) => [{ shard: 0, server: 'a:1', code, message: 'told to', documentsMissing: 1 }]

  /** The pace after one search that took 40 ms. */
  async function paceOf(search: () => unknown) {
    const pace = new SearchPace(clock)
    const running = async () => {
      nowMs += 40
      const answer = search() as { coverage: { missing: ReturnType<typeof missing> }; cached?: boolean }
      return { cached: false, ...answer }
    }
    await pace.time(running).catch(() => undefined)
    return pace.look()
  }

  const fail =
    (code: ConstructorParameters<typeof HypershardError>[0], details = {}) =>
    () => {
      throw new HypershardError(code, 'told to fail', { details })
    }

  it('is the time that 99 of 100 stay below, of the last seconds only', () => {
    const pace = new SearchPace(clock)
    for (let tookMs = 1; tookMs <= 200; tookMs++) pace.note(tookMs)
    assert.deepEqual(pace.look(), { searches: 200, p99Ms: 199 })
    nowMs += 20_000
    assert.deepEqual(pace.look(), { searches: 0, p99Ms: 0 })
    for (let at = 0; at < 60; at++) pace.note(5)
    assert.deepEqual(pace.look(), { searches: 60, p99Ms: 5 })
  })

  const cases = [
    { what: 'a whole answer', search: () => ({ coverage: { missing: [] } }), p99Ms: 40 },
    {
      what: 'an answer without a dead server',
      search: () => ({ coverage: { missing: missing('unavailable') } }),
      p99Ms: 40,
    },
    {
      what: 'an answer that the deadline cut short',
      search: () => ({ coverage: { missing: missing('deadline_exceeded') } }),
      p99Ms: Number.POSITIVE_INFINITY,
    },
    { what: 'a search that timed out', search: fail('deadline_exceeded'), p99Ms: Number.POSITIVE_INFINITY },
    { what: 'a search that was turned away', search: fail('overloaded'), p99Ms: Number.POSITIVE_INFINITY },
    {
      what: 'a search whose shards timed out',
      search: fail('insufficient_coverage', { coverage: { missing: missing('deadline_exceeded') } }),
      p99Ms: Number.POSITIVE_INFINITY,
    },
    { what: 'a search whose caller went away', search: fail('cancelled'), p99Ms: 40 },
  ]
  it('leaves out an answer that was kept: it waited for nothing', async () => {
    const kept = () => ({ coverage: { missing: [] }, cached: true })
    assert.deepEqual(await paceOf(kept), { searches: 0, p99Ms: 0 })
  })

  for (const { what, search, p99Ms } of cases) {
    it(`counts ${what}`, async () => assert.deepEqual(await paceOf(search), { searches: 1, p99Ms }))
  }

  for (const code of ['invalid_request', 'index_not_found'] as const) {
    it(`does not count a search that is refused as ${code}`, async () => {
      assert.deepEqual(await paceOf(fail(code)), { searches: 0, p99Ms: 0 })
    })
  }

  it('does not count a search that fails because a server is dead', async () => {
    const details = { coverage: { missing: missing('unavailable') } }
    assert.deepEqual(await paceOf(fail('insufficient_coverage', details)), { searches: 0, p99Ms: 0 })
  })
})
