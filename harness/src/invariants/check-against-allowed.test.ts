import assert from 'node:assert/strict'
import type { SearchAnswer } from '@hypershard/contract'
import { type AllowedStates, checkAgainstAllowed } from './check-against-allowed.ts'

const asked = { k: 10, minCoverage: 0, minSequence: 3 }
const state = (mayBeAbsent: boolean, ...texts: string[]): AllowedStates => ({ texts: new Set(texts), mayBeAbsent })
/** `a` stands, `b` is being written again, `c` is being deleted, `d` is deleted. */
const allowed = new Map([
  ['a', state(false, 'a1')],
  ['b', state(false, 'b1', 'b2')],
  ['c', state(true, 'c1')],
  ['d', state(true)],
])

function answerOf(texts: readonly string[], eligible = texts.length): SearchAnswer {
  const missed = eligible - texts.length
  const cause = { shard: 0, server: 's0:1', code: 'unavailable', message: 'gone' }
  return {
    hits: texts.map((text, at) => ({ id: text[0]!, score: -at, text })),
    coverage: {
      documents_eligible: eligible,
      documents_matched: eligible,
      documents_scored: texts.length,
      documents_scanned: 0,
      documents_walked: 0,
      ratio: texts.length / eligible,
      non_finite_scores: 0,
      missing: missed === 0 ? [] : [{ ...cause, documents_missing: missed }],
    },
    plan: 'exact',
    took_ms: 1,
    manifest_version: 4,
    query_truncated: false,
    query_tokens: 1,
    query_unknown_tokens: 0,
    cached: false,
    next_cursor: null,
  }
}

describe('what must be true of an answer while others write', () => {
  const check = (answer: SearchAnswer, how = {}) => checkAgainstAllowed(answer, { ...asked, ...how }, allowed)

  it('is true of every state that the writes may have come to', () => {
    for (const texts of [
      ['a1', 'b1', 'c1'],
      ['b2', 'a1'],
      ['a1', 'c1', 'b2'],
    ])
      check(answerOf(texts))
    check(answerOf(['a1'], 3))
    check({ ...answerOf(['c1', 'b1', 'a1']), hits: answerOf(['c1', 'b1']).hits }, { k: 2 })
  })

  for (const [what, answer, message] of [
    ['a document that nobody wrote', answerOf(['a1', 'b1', 'x1']), /x is no document/],
    ['a document that is deleted', answerOf(['a1', 'b1', 'd1']), /d is no document/],
    ['a text that is no more', answerOf(['a0', 'b1']), /a was never, or is no more/],
    ['a document left out', answerOf(['a1', 'c1']), /b is left out/],
    ['too few documents to search', answerOf(['a1']), /1 documents are eligible, of 2 to 3/],
    ['too many documents to search', answerOf(['a1'], 4), /4 documents are eligible, of 2 to 3/],
    [
      'a short list',
      { ...answerOf(['a1', 'b1', 'c1']), hits: answerOf(['a1', 'b1']).hits },
      /is a hit when there is room/,
    ],
    ['a document twice', answerOf(['a1', 'a1']), /a hit twice/],
  ] as const) {
    it(`is not true of one with ${what}`, () => assert.throws(() => check(answer), message))
  }

  it('is not true of one that covers less than was asked for', () => {
    assert.throws(() => check(answerOf(['a1'], 3), { minCoverage: 1 }), /an answer with/)
  })
})
