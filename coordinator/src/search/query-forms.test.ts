import assert from 'node:assert/strict'
import { type QueryForm, QueryForms } from './query-forms.ts'

const large = 1_000_000

/** What each form takes a server, and making the q-net of that. */
interface Costs {
  readonly weights: number
  readonly tokenStates: number
  readonly headMs: number
}

describe('QueryForms', () => {
  const measured = (form: QueryForm, servers: number, costs: Costs) => ({
    bytes: large,
    servers,
    perServerMs: costs[form],
    headMs: form === 'weights' ? 0 : costs.headMs,
  })

  /** Asks so many times, one after the other, and tells what it was given. */
  function ask(forms: QueryForms, times: number, costs: Costs, servers = 2) {
    const counts = { weights: 0, tokenStates: 0 }
    for (let query = 0; query < times; query++) {
      const form = forms.choose('m')
      counts[form]++
      forms.learn('m', form, measured(form, servers, costs))
    }
    return counts
  }

  it('measures both forms and keeps to the cheaper, with ever rarer looks at the other', () => {
    const forms = new QueryForms('auto')
    const costs = { weights: 5, tokenStates: 3, headMs: 2 }
    assert.deepEqual(ask(forms, 6, costs), { weights: 3, tokenStates: 3 })
    assert.deepEqual(ask(forms, 63, costs), { weights: 0, tokenStates: 63 })
    assert.deepEqual(ask(forms, 10_000, costs), { weights: 12, tokenStates: 9_988 })
  })

  it('counts what a q-net made by every server costs all of them together', () => {
    // Weights: 14 + 2 · (servers · 6 + 5), since 1 of the 6 is no shipping; token states: servers · 15.
    const costs = { weights: 6, tokenStates: 15, headMs: 14 }
    const preferred = (servers: number) => {
      const { weights, tokenStates } = ask(new QueryForms('auto'), 50, costs, servers)
      return weights > tokenStates ? 'weights' : 'tokenStates'
    }
    assert.deepEqual([1, 2, 8, 9, 16].map(preferred), [
      'tokenStates',
      'tokenStates',
      'tokenStates',
      'weights',
      'weights',
    ])
  })

  it('is not misled by queries that had to wait', () => {
    const forms = new QueryForms('auto')
    let query = 0
    const waits = () => (query++ % 3 === 0 ? 0 : 500)
    let tokenStates = 0
    for (let round = 0; round < 200; round++) {
      const form = forms.choose('m')
      if (form === 'tokenStates') tokenStates++
      const quiet = measured(form, 2, { weights: 5, tokenStates: 3, headMs: 2 })
      forms.learn('m', form, { ...quiet, perServerMs: quiet.perServerMs + waits() })
    }
    assert.ok(tokenStates > 180, `${tokenStates}`)
  })

  it('measures both of queries that come at once', () => {
    const forms = new QueryForms('auto')
    forms.learn('m', 'weights', measured('weights', 2, { weights: 5, tokenStates: 3, headMs: 2 }))
    const chosen = Array.from({ length: 32 }, () => forms.choose('m'))
    assert.equal(chosen.filter(form => form === 'weights').length, 16)
  })

  it('changes over when the other becomes the cheaper', () => {
    const forms = new QueryForms('auto')
    ask(forms, 100, { weights: 9, tokenStates: 5, headMs: 3 })
    ask(forms, 300, { weights: 9, tokenStates: 50, headMs: 3 })
    const later = ask(forms, 320, { weights: 9, tokenStates: 50, headMs: 3 })
    assert.ok(later.weights > 300, `${later.weights}`)
  })

  it('does not change over for a little, as by old measurements of the other form', () => {
    const forms = new QueryForms('auto')
    // Weights cost 6 + 2 · 2 · 5 all the time; token states 2 · 12, then 2 · 15 and 2 · 17.
    ask(forms, 50, { weights: 5, tokenStates: 12, headMs: 6 })
    const busier = ask(forms, 100, { weights: 5, tokenStates: 15, headMs: 6 })
    assert.ok(busier.tokenStates > 95, `${busier.tokenStates}`)
    const busiest = ask(forms, 300, { weights: 5, tokenStates: 17, headMs: 6 })
    assert.ok(busiest.weights > 200, `${busiest.weights}`)
  })

  it('is not drawn to a form that was measured in a calmer hour', () => {
    const forms = new QueryForms('auto')
    ask(forms, 50, { weights: 5, tokenStates: 3, headMs: 2 })
    const busy = ask(forms, 500, { weights: 50, tokenStates: 30, headMs: 20 })
    assert.ok(busy.weights < 5, `${busy.weights}`)
  })

  it('sends small q-nets as they are', () => {
    const forms = new QueryForms('auto')
    for (let query = 0; query < 10; query++) {
      assert.equal(forms.choose('m'), 'weights')
      forms.learn('m', 'weights', { bytes: 64 * 1024, servers: 2, perServerMs: 9, headMs: 0 })
    }
  })

  it('does as it is told', () => {
    for (const [setting, form] of [
      ['weights', 'weights'],
      ['token_states', 'tokenStates'],
    ] as const) {
      const forms = new QueryForms(setting)
      forms.learn('m', 'weights', { bytes: large, servers: 2, perServerMs: 1, headMs: 0 })
      assert.equal(forms.choose('m'), form)
    }
  })

  describe('once a server cannot make q-nets of a model', () => {
    let nowMs: number
    let forms: QueryForms

    beforeEach(() => {
      nowMs = 0
      forms = new QueryForms('token_states', () => nowMs)
    })

    /** How long weights are sent after a refusal now. */
    function refusedMs(): number {
      const beginMs = nowMs
      forms.refuse('m')
      while (forms.choose('m') === 'weights') nowMs += 500
      return nowMs - beginMs
    }

    it('sends weights for a second, of that model alone', () => {
      forms.refuse('m')
      assert.deepEqual([forms.choose('m'), forms.choose('n')], ['weights', 'tokenStates'])
      nowMs = 999
      assert.equal(forms.choose('m'), 'weights')
      nowMs = 1_000
      assert.equal(forms.choose('m'), 'tokenStates')
    })

    it('sends weights for longer the longer that goes on, up to ten minutes', () => {
      const seconds = Array.from({ length: 12 }, () => refusedMs() / 1_000)
      assert.deepEqual(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600])
    })

    it('takes what comes of queries under way at the same time as one refusal', () => {
      for (let query = 0; query < 20; query++) forms.refuse('m')
      nowMs = 1_000
      assert.equal(forms.choose('m'), 'tokenStates')
    })

    it('begins anew once it can', () => {
      assert.deepEqual([refusedMs(), refusedMs()], [1_000, 2_000])
      forms.learn('m', 'tokenStates', { bytes: large, servers: 2, perServerMs: 1, headMs: 1 })
      assert.equal(refusedMs(), 1_000)
    })
  })
})
