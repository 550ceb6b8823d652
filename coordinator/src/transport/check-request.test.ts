import assert from 'node:assert/strict'
import { aliasOrdersSchema, createIndexSchema } from '@hypershard/contract'
import { checkRequest } from './check-request.ts'

describe('checkRequest', () => {
  it('takes a key that is null for one that is left out, wherever it stands', () => {
    const add = (alias: string) => ({ add: { alias, index: 'papers', generation: null } })
    const { actions } = checkRequest(aliasOrdersSchema, { actions: [add('a'), add('b')] }, 'body')
    assert.deepEqual(actions, [{ add: { alias: 'a', index: 'papers' } }, { add: { alias: 'b', index: 'papers' } }])
    const fields = { year: { type: 'number', list: null } }
    const index = checkRequest(createIndexSchema, { name: 'papers', model: null, fields }, 'body')
    assert.deepEqual([index.model, index.fields.year], [undefined, { type: 'number', list: false }])
  })

  it('refuses null where something is needed', () => {
    assert.throws(() => checkRequest(createIndexSchema, { name: null }, 'body'), /body\.name: /)
    assert.throws(() => checkRequest(aliasOrdersSchema, { actions: [null] }, 'body'), /body\.actions\.0/)
  })

  it('takes a moment for a body that is full of faults', () => {
    // A copy for each of them takes minutes.
    const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`f${at}`, { type: null }]))
    assert.throws(() => checkRequest(createIndexSchema, { name: 'papers', fields }, 'body'), /fields\.f0\.type/)
  })
})
