import assert from 'node:assert/strict'
import { whyNot } from './why-not.ts'

describe('why a key does not allow something', () => {
  const key = { keys_needed: true, key: null, scopes: ['read'], indexes: ['papers*'], filtered: false } as const

  it('is told where it does not, and only there', () => {
    assert.equal(whyNot(key, { scope: 'read' }), undefined)
    assert.match(whyNot(key, { scope: 'admin' }) ?? '', /the scope admin/)
    assert.match(whyNot(key, { scope: 'read', wholeCluster: true }) ?? '', /all indexes/)
    assert.match(whyNot({ ...key, filtered: true }, { scope: 'read' }) ?? '', /filter/)
  })
})
