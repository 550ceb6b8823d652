import assert from 'node:assert/strict'
import { parseHash } from '../../router/hash-route.ts'
import { type EvaluationForm, evaluationHref, formDefaults, parseEvaluation, toldSettings } from './evaluation-state.ts'

const parsed = (hash: string) => parseEvaluation(parseHash(hash).parameters)

describe('the link of an evaluation', () => {
  it('asks for the exact plan, as `hypershard eval` does, unless it says another', () => {
    const { form, faults } = parsed('#/evaluation?index=papers')
    assert.deepEqual(form, { index: 'papers', settings: { plan: 'exact' }, filter: undefined, ...formDefaults })
    assert.deepEqual(faults, [])
    assert.deepEqual(parsed('#/evaluation?index=papers&a={}').form.settings, {})
  })

  it('holds all of the form', () => {
    const form: EvaluationForm = {
      index: 'pa/pers&=#',
      settings: { plan: 'graph', expansion: 64, hybrid: { lexical: 0.5 } },
      filter: { field: 'year', gte: 2020 },
      limit: 50,
      concurrency: 8,
      metrics: 'nDCG@5 MRR',
    }
    assert.deepEqual(parsed(evaluationHref(form)), { form, faults: [] })
  })

  it('says what of it cannot be used', () => {
    const { form, faults } = parsed('#/evaluation?index=papers&concurrency=500&k=many')
    assert.deepEqual([form.concurrency, form.limit, faults.length], [4, 100, 2])
  })

  it('names runs by what was asked', () => {
    assert.equal(toldSettings({ plan: 'exact' }), 'exact')
    assert.equal(toldSettings({ recall: 0.9, precision: 'int8', generation: 3 }), 'auto 0.9, int8, generation 3')
    assert.equal(
      toldSettings({ hybrid: {}, rerank: { model: 'm' }, candidates: 9 }),
      'auto, 9 candidates, hybrid, reranked by m',
    )
  })
})
