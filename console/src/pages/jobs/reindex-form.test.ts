import assert from 'node:assert/strict'
import { reindexSchema } from '@hypershard/contract'
import { emptyReindexForm, linesIn, type ReindexForm, requestOf } from './reindex-form.ts'

const queries = Array.from({ length: 16 }, (_, at) => `query ${at}`)

describe('the form for a reindex', () => {
  const cases: readonly { readonly what: string; readonly form: Partial<ReindexForm>; readonly request: object }[] = [
    { what: 'nothing', form: {}, request: {} },
    { what: 'a model and shards', form: { model: 'a', shards: 3 }, request: { model: 'a', shards: 3 } },
    {
      what: 'its throttles',
      form: { rate: 0.5, p99: 200 },
      request: { documents_per_second_max: 0.5, search_p99_ms_max: 200 },
    },
    {
      what: 'queries of users',
      form: { samples: `\n ${queries.join('\n\n')}` },
      request: { sample_queries: queries },
    },
  ]
  for (const { what, form, request } of cases) {
    it(`makes a request of ${what}, which the coordinator takes`, () => {
      const made = requestOf({ ...emptyReindexForm, ...form })
      assert.deepEqual(made, request)
      assert.equal(reindexSchema.safeParse(made).success, true)
    })
  }

  it('reads a query a line, and none of a blank one', () => assert.deepEqual(linesIn(' a b\n\n\t\nc'), ['a b', 'c']))
})
