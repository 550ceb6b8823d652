import assert from 'node:assert/strict'
import { mayDo } from './may-do.ts'

const everything = {
  keys_needed: true,
  key: null,
  scopes: ['search', 'read'],
  indexes: ['*'],
  filtered: false,
} as const

describe('what a key may do', () => {
  it('is what its scopes say', () => {
    assert(mayDo(everything, { scope: 'search' }))
    assert(!mayDo(everything, { scope: 'admin' }))
    assert(!mayDo({ ...everything, scopes: [] }, { scope: 'search' }))
  })

  it('ends where a filter does not hold', () => {
    const tenant = { ...everything, filtered: true }
    assert(!mayDo(tenant, { scope: 'read' }))
    assert(mayDo(tenant, { scope: 'search', keepsToFilter: true }))
    assert(!mayDo(tenant, { scope: 'read', keepsToFilter: true, wholeCluster: true }))
  })

  it('is nothing of the whole cluster for a key of some indexes', () => {
    const some = { ...everything, indexes: ['papers*'] }
    assert(mayDo(some, { scope: 'read' }))
    assert(!mayDo(some, { scope: 'read', wholeCluster: true }))
  })
})
