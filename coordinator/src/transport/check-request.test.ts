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

  it('goes through an object as often for many faults as for one', () => {
    const timesRead = (faults: number) => {
      let reads = 0
      const faulty = Object.fromEntries(Array.from({ length: faults }, (_, at) => [`f${at}`, { type: null }]))
      const ownKeys = (target: object) => {
        reads++
        return Reflect.ownKeys(target)
      }
      const fields = new Proxy(faulty, { ownKeys })
      assert.throws(() => checkRequest(createIndexSchema, { name: 'papers', fields }, 'body'), /fields\.f0\.type/)
      return reads
    }
    assert.equal(timesRead(50), timesRead(1))
  })
})
