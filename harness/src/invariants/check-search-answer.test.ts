import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import type { SearchAnswer } from '@hypershard/contract'
import type { AskedSearch } from './asked-search.ts'
import { checkSearchAnswer, type KnownVersion } from './check-search-answer.ts'

const shards = 3
const shardOf = (id: string) => Number(id.slice(1)) % shards
const documents = Array.from({ length: 12 }, (_, at) => ({ id: `d${at}`, score: (at * 7) % 5 })).sort(compareRank)
const known: KnownVersion = {
  version: 4,
  sequence: 9,
  shards,
  shardOf,
  ranked: documents,
  textOf: id => `text of ${id}`,
}
const countOf = (shard: number) => documents.filter(({ id }) => shardOf(id) === shard).length
const searched = new Map(Array.from({ length: shards }, (_, shard) => [shard, countOf(shard)]))
const asked: AskedSearch = { k: 5, minCoverage: 0.3, minSequence: 9 }

/** The right answer when these shards are missing. */
function answerWithout(...lost: number[]): SearchAnswer {
  const found = documents.filter(({ id }) => !lost.includes(shardOf(id)))
  return {
    hits: found.slice(0, asked.k).map(({ id, score }) => ({ id, score, text: known.textOf(id) })),
    coverage: {
      documents_eligible: documents.length,
      documents_matched: documents.length,
      documents_scored: found.length,
      documents_scanned: 0,
      documents_walked: 0,
      ratio: found.length / documents.length,
      non_finite_scores: 0,
      missing: lost.map(shard => {
        return { shard, server: 's0:1', code: 'unavailable', message: 'gone', documents_missing: countOf(shard) }
      }),
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

const whole = answerWithout()
const partial = answerWithout(1)

function withHits(change: (hits: SearchAnswer['hits'][number][]) => void, answer = whole): SearchAnswer {
  const hits = structuredClone([...answer.hits])
  change(hits)
  return { ...answer, hits }
}

function withCoverage(change: Partial<SearchAnswer['coverage']>, answer = partial): SearchAnswer {
  return { ...answer, coverage: { ...answer.coverage, ...change } }
}

const [missed] = partial.coverage.missing
/** Says that it covers what nobody searched, and all of its numbers fit together. */
const claimed = withCoverage({ missing: [], documents_scored: documents.length, ratio: 1 }, whole)

const forged: readonly (readonly [string, SearchAnswer, RegExp])[] = [
  ['another version', { ...whole, manifest_version: 5 }, /of the version that it names/],
  [
    'a document that is none',
    withHits(hits => Object.assign(hits.at(-1)!, { id: 'nobody' })),
    /no document of version/,
  ],
  ['a hit twice', withHits(hits => hits.splice(1, 1, hits[0]!)), /a hit twice/],
  ['another order', withHits(hits => hits.reverse()), /comes before/],
  ['a hit too many', { ...whole, hits: documents.slice(0, 6) }, /6 hits of 5/],
  ['another score', withHits(hits => Object.assign(hits[0]!, { score: 50 })), /the score of/],
  ['a score that is none', withHits(hits => Object.assign(hits.at(-1)!, { score: null })), /the score of/],
  ['the text of another', withHits(hits => Object.assign(hits[2]!, { text: 'of another' })), /the text of/],
  ['a short list', withHits(hits => hits.pop()), /is left out, which is covered/],
  ['a hole', withHits(hits => hits.splice(2, 1)), /is left out, which is covered/],
  ['a hole in a shard that is there', withHits(hits => hits.splice(0, 1), partial), /is left out, which is covered/],
  ['a part as the whole', { ...partial, coverage: whole.coverage }, /is left out, which is covered/],
  ['a wrong ratio', withCoverage({ ratio: 1 }), /the ratio is that of the counts/],
  ['a missing shard that is not named', withCoverage({ missing: [] }), /what was not scored is missing/],
  [
    'a missing shard without a cause',
    withCoverage({ missing: [{ ...missed!, code: '' }] }),
    /has a server and a cause/,
  ],
  [
    'a shard that misses nothing',
    withCoverage({ missing: [{ ...missed!, documents_missing: 0 }] }),
    /misses documents/,
  ],
  ['a shard named twice', withCoverage({ missing: [missed!, missed!] }), /named once, ascending/],
  [
    'fewer documents than there are',
    withCoverage({ documents_eligible: 11, documents_scored: 11 }, whole),
    /every document of the version is eligible/,
  ],
]

describe('what must be true of a search answer', () => {
  const check = (answer: SearchAnswer, how: Partial<AskedSearch> = {}, really = searched) =>
    checkSearchAnswer(answer, { ...asked, ...how }, known, really)

  it('is true of the right one, whole or in part', () => {
    for (const answer of [whole, partial, answerWithout(0, 2)]) check(answer)
    check(answerWithout(0, 1, 2), { minCoverage: 0 })
    const all = { ...whole, hits: documents.map(({ id, score }) => ({ id, score })) }
    check(all, { k: 100 })
  })

  for (const [what, answer, message] of forged) {
    it(`is not true of one with ${what}`, () => assert.throws(() => check(answer), message))
  }

  it('is not true of one that covers too little, or too few writes', () => {
    assert.throws(() => check(partial, { minCoverage: 0.9 }), /an answer with/)
    assert.throws(() => check(whole, { minSequence: 10 }), /it sees 9/)
  })

  it('is not true of one that counts what nobody searched', () => {
    const half = new Map([...searched].map(([shard, count]) => [shard, shard === 1 ? count - 1 : count]))
    assert.throws(() => check(claimed, {}, half), /are covered, \d were searched/)
    assert.throws(() => check(claimed, {}, new Map()), /are covered, 0 were searched/)
  })

  it('takes the first of documents with one score by their ids, and those without a score last', () => {
    const ranked = [
      { id: 'a', score: 1 },
      { id: 'b', score: 1 },
      { id: 'c', score: Number.NaN },
    ]
    const few = { ...known, shards: 1, shardOf: () => 0, ranked }
    const coverage = { ...whole.coverage, documents_eligible: 3, documents_scored: 3, missing: [] }
    const answer = { ...whole, coverage }
    const hitsOf = (...ids: string[]) => ids.map(id => ({ id, score: id === 'c' ? null : 1 }))
    const really = new Map([[0, 3]])
    for (const hits of [hitsOf('a'), hitsOf('a', 'b'), hitsOf('a', 'b', 'c')]) {
      checkSearchAnswer({ ...answer, hits }, { ...asked, k: hits.length }, few, really)
    }
    assert.throws(() => checkSearchAnswer({ ...answer, hits: hitsOf('b') }, { ...asked, k: 1 }, few, really), /a=1/)
  })
})
