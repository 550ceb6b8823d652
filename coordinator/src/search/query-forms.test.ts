import assert from 'node:assert/strict'
import { QueryForms } from './query-forms.ts'

const large = 1_000_000

describe('QueryForms', () => {
  /** Asks so many times and tells what each form took. */
  function ask(forms: QueryForms, times: number, tookMs: { weights: number; tokenStates: number }) {
    const counts = { weights: 0, tokenStates: 0 }
    for (let query = 0; query < times; query++) {
      const form = forms.choose('m')
      counts[form]++
      forms.learn('m', form, { bytes: large, tookMs: tookMs[form] })
    }
    return counts
  }

  it('measures both forms and keeps to the cheaper, with a look at the other now and then', () => {
    const forms = new QueryForms('auto')
    assert.deepEqual(ask(forms, 6, { weights: 9, tokenStates: 5 }), { weights: 3, tokenStates: 3 })
    const later = ask(forms, 320, { weights: 9, tokenStates: 5 })
    assert.deepEqual(later, { weights: 10, tokenStates: 310 })
  })

  it('changes over when the other becomes the cheaper', () => {
    const forms = new QueryForms('auto')
    ask(forms, 100, { weights: 9, tokenStates: 5 })
    ask(forms, 100, { weights: 9, tokenStates: 50 })
    const later = ask(forms, 320, { weights: 9, tokenStates: 50 })
    assert.ok(later.weights > 300, `${later.weights}`)
  })

  it('sends small q-nets as they are', () => {
    const forms = new QueryForms('auto')
    for (let query = 0; query < 10; query++) {
      assert.equal(forms.choose('m'), 'weights')
      forms.learn('m', 'weights', { bytes: 64 * 1024, tookMs: 9 })
    }
  })

  it('does as it is told', () => {
    for (const [setting, form] of [
      ['weights', 'weights'],
      ['token_states', 'tokenStates'],
    ] as const) {
      const forms = new QueryForms(setting)
      forms.learn('m', 'weights', { bytes: large, tookMs: 1 })
      assert.equal(forms.choose('m'), form)
    }
  })

  it('sends weights for ten minutes once a server cannot make them, of that model alone', () => {
    let nowMs = 0
    const forms = new QueryForms('token_states', () => nowMs)
    for (const model of ['m', 'n']) forms.learn(model, 'weights', { bytes: large, tookMs: 1 })
    forms.refuse('m')
    assert.deepEqual([forms.choose('m'), forms.choose('n')], ['weights', 'tokenStates'])
    nowMs = 599_999
    assert.equal(forms.choose('m'), 'weights')
    nowMs = 600_000
    assert.equal(forms.choose('m'), 'tokenStates')
  })
})
