import assert from 'node:assert/strict'
import { NotReachable } from '@hypershard/client'
import { HypershardError } from '@hypershard/common'
import { askFailures } from './ask-failures.ts'

describe('failures of queries that are asked', () => {
  it('keep a cluster that is not there told apart from one that refuses', () => {
    const gone = askFailures.failureOf!(new NotReachable('deadline_exceeded', 'too slow'), 'query `q`: too slow')
    assert(gone instanceof NotReachable)
    assert.deepEqual([gone.code, gone.message], ['deadline_exceeded', 'query `q`: too slow'])
    assert.equal(askFailures.failureOf!(new HypershardError('overloaded', 'too much'), 'x'), undefined)
  })
})
