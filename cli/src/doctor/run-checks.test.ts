import assert from 'node:assert/strict'
import { type Check, ok } from './check.ts'
import { runChecks } from './run-checks.ts'

describe('running the checks', () => {
  it('ends one that hangs, and tells of one that fails, without the others', async () => {
    let ended = false
    const checks: Check<number>[] = [
      {
        name: 'hangs',
        look: (_, signal) => new Promise(() => signal.addEventListener('abort', () => (ended = true))),
      },
      {
        name: 'fails',
        look: () => {
          throw new Error('a wire is cut')
        },
      },
      { name: 'counts', look: async count => [ok(`${count}`), ok('twice')] },
    ]
    const found = await runChecks(checks, 7, 10)
    assert.deepEqual(
      found.map(({ check, verdict, says }) => [check, verdict, says]),
      [
        ['hangs', 'problem', 'nothing answered within 0.01 s'],
        ['fails', 'problem', 'a wire is cut'],
        ['counts', 'ok', '7'],
        ['counts', 'ok', 'twice'],
      ],
    )
    assert(ended)
  })
})
