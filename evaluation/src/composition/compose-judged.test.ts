import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type CompositionKind, composeJudged, compositionKinds } from './compose-judged.ts'

const queries = new Map([
  ['moon', 'moon'],
  ['sea', 'sea'],
  ['tides', 'tides'],
  ['bread', 'bread'],
  ['blank', ' '],
])
const judgements = new Map([
  ['moon', new Map(Object.entries({ craters: 2, tides: 1, sand: 0 }))],
  ['sea', new Map(Object.entries({ salt: 1, tides: 3 }))],
  ['tides', new Map(Object.entries({ tides: 2 }))],
  ['bread', new Map(Object.entries({ yeast: 1, sand: -1 }))],
  ['blank', new Map(Object.entries({ air: 1 }))],
  ['unknown', new Map(Object.entries({ air: 1 }))],
])

/** All that there are, by their pieces. */
function composeAll(kind: CompositionKind, pieces: number) {
  const composed = composeJudged({ queries, judgements }, { kind, pieces, count: 50, seed: 3 })
  return Object.fromEntries(
    composed
      .map(({ pieces: ids, grades }) => [(kind === 'not' ? [...ids] : [...ids].sort()).join('+'), [...grades].sort()])
      .sort(),
  )
}

describe('test sets of composed queries', () => {
  it('joins queries that share no relevant document to disjunctions', () => {
    assert.deepEqual(composeAll('any', 2), {
      'bread+moon': [
        ['craters', 2],
        ['tides', 1],
        ['yeast', 1],
      ],
      'bread+sea': [
        ['salt', 1],
        ['tides', 3],
        ['yeast', 1],
      ],
      'bread+tides': [
        ['tides', 2],
        ['yeast', 1],
      ],
    })
  })

  it('joins queries that share one to conjunctions, of the lowest grade', () => {
    assert.deepEqual(composeAll('all', 2), {
      'moon+sea': [['tides', 1]],
      'moon+tides': [['tides', 1]],
      'sea+tides': [['tides', 2]],
    })
    assert.deepEqual(composeAll('all', 3), { 'moon+sea+tides': [['tides', 1]] })
  })

  it('leaves out what a query shares with others', () => {
    assert.deepEqual(composeAll('not', 2), {
      'moon+sea': [['craters', 2]],
      'moon+tides': [['craters', 2]],
      'sea+moon': [['salt', 1]],
      'sea+tides': [['salt', 1]],
    })
  })

  for (const { kind, pieces } of [
    { kind: 'any', pieces: 3 },
    { kind: 'all', pieces: 4 },
    { kind: 'not', pieces: 4 },
  ] as const) {
    it(`is refused where the judgements give no ${kind} of ${pieces}`, () => {
      assert.throws(() => composeAll(kind, pieces), {
        code: 'invalid_request',
        message: new RegExp(`${pieces} queries$`),
      })
    })
  }

  it('is the same for one seed, each once, and goes on where more are wanted', () => {
    const many = new Map(Array.from({ length: 60 }, (_, at) => [`q${at}`, `text ${at}`]))
    const judged = new Map(
      [...many.keys()].map((id, at) => [
        id,
        new Map([
          [`d${at % 20}`, 1],
          [`own${at}`, 2],
        ]),
      ]),
    )
    const compose = (kind: CompositionKind, count: number, seed: number) =>
      composeJudged({ queries: many, judgements: judged }, { kind, pieces: 2, count, seed })
    fc.assert(
      fc.property(fc.constantFrom(...compositionKinds), fc.nat({ max: 30 }), fc.nat(), (kind, count, seed) => {
        const few = compose(kind, count + 1, seed)
        assert.deepEqual(compose(kind, count + 6, seed).slice(0, few.length), few)
        assert.equal(new Set(few.map(({ pieces }) => pieces.join())).size, few.length)
        assert.ok(few.every(({ pieces, grades }) => new Set(pieces).size === 2 && grades.size > 0))
      }),
      { numRuns: 20 },
    )
    assert.notDeepEqual(compose('any', 20, 1), compose('any', 20, 2))
  })
})
