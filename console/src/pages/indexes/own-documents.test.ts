import assert from 'node:assert/strict'
import type { HypershardClient } from '@hypershard/client'
import { namedIndexes, seeOwnDocuments } from './own-documents.ts'

describe('the indexes of a key with a filter', () => {
  it('are those that it names; of a pattern nobody can tell', () => {
    assert.deepEqual(namedIndexes({ indexes: ['shelf', 'books*', 'attic'] }), {
      names: ['attic', 'shelf'],
      patterns: ['books*'],
    })
  })

  it('are counted one by one, and one that fails harms no other', async () => {
    const failure = new Error('gone')
    const countDocuments = async (name: string) => {
      if (name === 'attic') throw failure
      return { count: 7 }
    }
    const client = { countDocuments } as unknown as HypershardClient
    assert.deepEqual(await seeOwnDocuments({ client }, ['attic', 'shelf'], new AbortController().signal), [
      { name: 'attic', documents: undefined, error: failure },
      { name: 'shelf', documents: 7, error: undefined },
    ])
  })
})
