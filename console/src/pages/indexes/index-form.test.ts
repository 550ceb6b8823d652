import assert from 'node:assert/strict'
import { createIndexSchema } from '@hypershard/contract'
import { analyzers, fieldTypes } from '@hypershard/contract/vocabulary'
import { emptyIndexForm, faultOf, type IndexForm, requestOf } from './index-form.ts'

const year = { name: 'year', type: 'number', list: false } as const

describe('the form for a new index', () => {
  it('offers what the contract takes', () => {
    for (const analyzer of analyzers) {
      const fields = fieldTypes.map(type => ({ name: type, type, list: false }))
      const request = createIndexSchema.parse(requestOf({ ...emptyIndexForm, name: 'papers', analyzer, fields }))
      assert.deepEqual(request.lexical, { analyzer })
      assert.deepEqual(Object.keys(request.fields ?? {}), fieldTypes)
    }
  })

  const requests: readonly { readonly what: string; readonly form: Partial<IndexForm>; readonly request: object }[] = [
    { what: 'nothing but a name', form: {}, request: {} },
    { what: 'a model', form: { model: 'f'.repeat(64), width: 3 }, request: { model: 'f'.repeat(64) } },
    {
      what: 'vectors from outside',
      form: { model: 'external', width: 384 },
      request: { model: 'external', vectors: { width: 384 } },
    },
    { what: 'shards and replicas', form: { shards: 4, replicas: 2 }, request: { shards: 4, replicas: 2 } },
    { what: 'fields', form: { fields: [year] }, request: { fields: { year: { type: 'number', list: false } } } },
    {
      what: 'words, and no passages',
      form: { analyzer: 'german', passages: 'off' },
      request: { lexical: { analyzer: 'german' }, passages: false },
    },
  ]
  for (const { what, form, request } of requests) {
    it(`makes a request of ${what}, which the coordinator takes`, () => {
      const made = requestOf({ ...emptyIndexForm, name: ' papers ', ...form })
      assert.deepEqual(made, { name: 'papers', ...request })
      assert.equal(createIndexSchema.safeParse(made).success, true)
    })
  }

  const faults: readonly { readonly what: string; readonly form: Partial<IndexForm>; readonly fault: RegExp }[] = [
    { what: 'a name', form: { name: ' ' }, fault: /a name/ },
    { what: 'the width of vectors from outside', form: { model: 'external' }, fault: /width/ },
    { what: 'the name of a field', form: { fields: [{ ...year, name: ' ' }] }, fault: /field needs a name/ },
    {
      what: 'different names of fields',
      form: { fields: [year, { ...year, name: 'year ' }] },
      fault: /two fields year/,
    },
  ]
  for (const { what, form, fault } of faults) {
    it(`is not sent without ${what}`, () => {
      assert.match(faultOf({ ...emptyIndexForm, name: 'papers', ...form }) ?? '', fault)
    })
  }

  it('is sent once there is nothing of that', () =>
    assert.equal(faultOf({ ...emptyIndexForm, name: 'a', fields: [year] }), undefined))
})
