import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseHash } from '../../router/hash-route.ts'
import { emptyLab, type LabState, labHref, parseLab, requestOf } from './lab-state.ts'

const parse = (href: string) => parseLab(parseHash(href).parameters)

describe('a link to the lab', () => {
  it('has all that was asked, and nothing of what was not', () => {
    assert.equal(labHref(emptyLab), '#/lab')
    const state: LabState = {
      index: 'papers',
      query: { any: ['why do stars twinkle?', { text: 'moon', weight: 2 }] },
      filter: { field: 'year', gte: 9007199254740993n },
      k: 25,
      minCoverage: 0.5,
      shown: {
        facets: [{ field: 'year', limit: 3 }, { field: 'venue' }],
        group_by: { field: 'venue', hits: 2 },
        sort: [{ field: 'year', order: 'desc' }],
        highlight: {},
      },
      a: { plan: 'graph', hybrid: { lexical: 0.4 } },
      b: {},
    }
    assert.deepEqual(parse(labHref(state)), { state, faults: [] })
  })

  it('leads back to any state', () => {
    const settings = fc.record(
      {
        generation: fc.integer({ min: 1 }),
        plan: fc.constantFrom('exact' as const, 'auto' as const),
        recall: fc.double({ min: 0, max: 1, noNaN: true }).map(recall => recall + 0),
        rerank: fc.string().map(model => ({ model })),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    const states = fc
      .record({
        index: fc.string({ unit: 'grapheme' }),
        query: fc.oneof(
          fc.string({ unit: 'grapheme' }),
          fc.string().map(text => ({ any: [text, { not: text }] })),
        ),
        filter: fc.option(
          fc.string().map(equals => ({ field: 'a', equals })),
          { nil: undefined },
        ),
        k: fc.option(fc.integer(), { nil: undefined }),
        minCoverage: fc.constant(undefined),
        shown: fc.record(
          {
            facets: fc.array(fc.string({ unit: 'grapheme' }).map(field => ({ field }))).filter(all => all.length > 0),
            group_by: fc.record({ field: fc.string(), groups: fc.integer() }, { noNullPrototype: true }),
            highlight: fc.record({ fragments: fc.integer() }, { noNullPrototype: true }),
          },
          { requiredKeys: [], noNullPrototype: true },
        ),
        a: settings,
        b: fc.option(settings, { nil: undefined }),
      })
      .map(state => ({ ...state }))
    fc.assert(
      fc.property(states, state => {
        assert.deepEqual(parse(labHref(state as LabState)), { state, faults: [] })
      }),
    )
  })

  it('that is broken says what of it was left out', () => {
    const { state, faults } = parse(
      '#/lab?index=papers&filter=nope&k=many&a=[1]&b={"plan":"exact","key":"hs_x"}&facets=["year"]&sort={}&group_by={"by":1}',
    )
    assert.deepEqual(
      [state.index, state.filter, state.k, state.shown, state.a, state.b],
      ['papers', undefined, undefined, {}, {}, { plan: 'exact' }],
    )
    assert.deepEqual(
      faults.toSorted(),
      [
        '`filter` of this link is no JSON object; it was left out',
        '`k` of this link is no number; it was left out',
        '`a` of this link is no JSON object; it was left out',
        '`facets` of this link is no list of fields; it was left out',
        '`group_by` of this link is no field; it was left out',
        '`sort` of this link is no list of fields; it was left out',
        '`b.key` of this link is no setting; it was left out',
      ].toSorted(),
    )
  })
})

describe('a request of the lab', () => {
  it('is the state of its side, and asks for a profile only where the key allows one', () => {
    const state = {
      ...emptyLab,
      index: 'papers',
      query: 'moon',
      k: 3,
      shown: { highlight: { fragments: 1 } },
      a: { plan: 'exact' as const },
      b: { generation: 2 },
    }
    assert.deepEqual(requestOf(state, { side: 'a', profile: true }), {
      query: 'moon',
      k: 3,
      highlight: { fragments: 1 },
      plan: 'exact',
      profile: true,
    })
    assert.deepEqual(requestOf(state, { side: 'b', profile: false }), {
      query: 'moon',
      k: 3,
      highlight: { fragments: 1 },
      generation: 2,
    })
  })
})
