import assert from 'node:assert/strict'
import { HypershardError } from './errors/hypershard-error.ts'
import { retryOnConflict } from './retry-on-conflict.ts'

describe('trying a compare-and-set again', () => {
  /** Fails so often before it succeeds. */
  function attemptAfter(failures: number, code: 'conflict' | 'storage_failed') {
    let made = 0
    return async () => {
      if (++made <= failures) throw new HypershardError(code, 'told to fail')
      return made
    }
  }

  it('goes on until nobody else came first', async () => {
    assert.equal(await retryOnConflict(5, attemptAfter(4, 'conflict')), 5)
  })

  it('gives up after so many times, with the conflict', async () => {
    await assert.rejects(retryOnConflict(3, attemptAfter(3, 'conflict')), { code: 'conflict' })
  })

  it('passes any other failure on at once', async () => {
    await assert.rejects(retryOnConflict(3, attemptAfter(1, 'storage_failed')), { code: 'storage_failed' })
  })
})
