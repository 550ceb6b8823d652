import assert from 'node:assert/strict'
import { fromFailure, isFailure, toFailure } from './failure.ts'
import { HypershardError } from './hypershard-error.ts'

describe('a failure as plain data', () => {
  it('keeps code, message and details of an error that callers may meet', () => {
    const error = new HypershardError('overloaded', 'the queue is full', { details: { waiting: 3 } })
    const sent = structuredClone(toFailure(error))
    assert(isFailure(sent))
    assert.deepEqual(fromFailure(sent), error)
  })

  it('keeps where a defect came from, and says nothing of it to callers', () => {
    const error = fromFailure(structuredClone(toFailure(new TypeError('x is not a function'))))
    assert.equal(error.code, 'internal')
    assert.doesNotMatch(error.message, /x is not a function/)
    assert.match(String((error.cause as Error).message), /x is not a function[\s\S]*failure\.test\.ts/)
  })

  it('is told from an answer', () => {
    assert(!isFailure({ bytes: 1 }))
  })
})
