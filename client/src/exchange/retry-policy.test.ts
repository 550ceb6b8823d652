import assert from 'node:assert/strict'
import { InvalidCall, NotReachable, parseProblem, ServerProblem } from '../errors.ts'
import { backoffMsMax } from '../limits.ts'
import { mayTryAgain, retryAfterMsOf, waitMsBefore } from './retry-policy.ts'

function problem(status: number, code: string, retryable: boolean, retryAfterMs?: number): ServerProblem {
  return new ServerProblem(parseProblem({ code, status, retryable, detail: 'no' })!, retryAfterMs)
}

describe('trying again', () => {
  const cases = [
    {
      what: 'a refusal before anything was done',
      error: problem(429, 'overloaded', true),
      any: true,
      repeatable: true,
    },
    { what: 'a server that is away', error: problem(503, 'unavailable', true), any: false, repeatable: true },
    { what: 'a lost race', error: problem(409, 'conflict', true), any: false, repeatable: true },
    { what: 'a broken connection', error: new NotReachable('unavailable', 'x'), any: false, repeatable: true },
    { what: 'a time that is over', error: new NotReachable('deadline_exceeded', 'x'), any: false, repeatable: false },
    {
      what: "the server's time is over",
      error: problem(504, 'deadline_exceeded', true),
      any: false,
      repeatable: false,
    },
    { what: 'a bad request', error: problem(400, 'invalid_request', false), any: false, repeatable: false },
    { what: 'a damaged file', error: problem(500, 'corrupt_data', false), any: false, repeatable: false },
    { what: 'a mistake of the caller', error: new InvalidCall('x'), any: false, repeatable: false },
    { what: 'what the caller threw', error: new Error('x'), any: false, repeatable: false },
  ]
  for (const { what, error, any, repeatable } of cases) {
    it(`follows ${what}: any call ${any}, a call that may be made twice ${repeatable}`, () => {
      assert.equal(mayTryAgain(error, false), any)
      assert.equal(mayTryAgain(error, true), repeatable)
    })
  }

  it('waits twice as long each time, up to a bound, and never at the same time as others', () => {
    const waits = (chance: number) => [1, 2, 3, 20].map(attempt => waitMsBefore(new Error(), attempt, () => chance))
    assert.deepEqual(waits(0), [50, 100, 200, backoffMsMax / 2])
    assert.deepEqual(waits(1), [100, 200, 400, backoffMsMax])
  })

  it('waits at least as long as the server asks', () => {
    assert.equal(
      waitMsBefore(problem(429, 'rate_limited', true, 3_000), 1, () => 0),
      3_050,
    )
  })

  it('knows how long that is, from the details more exactly than from the header', () => {
    assert.equal(retryAfterMsOf({ retry_after_ms: 1_200 }, '2'), 1_200)
    assert.equal(retryAfterMsOf({}, '2'), 2_000)
    assert.equal(retryAfterMsOf({}, 'Wed, 21 Oct 2026 07:28:00 GMT'), undefined)
  })
})
