import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import type { SearchAnswer, SearchRequest } from '@hypershard/contract'
import type { HitJoin } from '@hypershard/evaluation'
import { searchPieces } from './search-pieces.ts'

/** Scores of all documents by query, best first; two hits a page. */
const rankings: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  one: { a: 3, b: 2, c: 1, d: 0 },
  two: { d: 5, c: 4, b: -9, a: -9.5 },
}
const pageHits = 2

/** Pages of a ranking, and which were asked for. */
function fakeApi() {
  const asked: string[] = []
  let failures = 0
  async function* pages(_index: string, { query }: SearchRequest): AsyncGenerator<SearchAnswer> {
    const hits = Object.entries(rankings[query as string]!).map(([id, score]) => ({ id, score }))
    for (let from = 0; from < hits.length; from += pageHits) {
      asked.push(`${query} ${from}`)
      if (failures-- > 0) throw new HypershardError('unavailable', 'away')
      yield { hits: hits.slice(from, from + pageHits), query_truncated: query === 'two' } as unknown as SearchAnswer
    }
  }
  const fail = () => {
    failures = 1
  }
  return { api: { pages }, asked, fail }
}

const searchesOf = (join: HitJoin, { api } = fakeApi()) =>
  searchPieces({ api, index: 'papers', request: { k: pageHits }, join })

describe('the pieces of a composed query', () => {
  for (const { join, ids, asked } of [
    { join: 'rank', ids: ['a', 'd'], asked: ['one 0', 'two 0'] },
    { join: 'maximum', ids: ['d', 'c'], asked: ['one 0', 'two 0'] },
    { join: 'sum', ids: ['c', 'd'], asked: ['one 0', 'two 0', 'one 2', 'two 2'] },
  ] satisfies { join: HitJoin; ids: string[]; asked: string[] }[]) {
    it(`are asked as far as ${join} needs them`, async () => {
      const fake = fakeApi()
      const { hits, query_truncated: truncated } = await searchesOf(join, fake)({ any: ['one', { text: 'two' }] })
      assert.deepEqual(
        hits.map(({ id }) => id),
        ids,
      )
      assert.ok(truncated)
      assert.deepEqual(fake.asked, asked)
    })
  }

  it('are asked once, whatever they are part of, and again after a failure', async () => {
    const fake = fakeApi()
    const search = searchesOf('rank', fake)
    fake.fail()
    await assert.rejects(search({ any: ['one'] }), { code: 'unavailable' })
    await Promise.all([search({ any: ['one', 'two'] }), search({ all: ['two', 'one'] })])
    assert.deepEqual(fake.asked, ['one 0', 'one 0', 'two 0'])
  })

  for (const expression of [
    {},
    { any: [] },
    { any: ['one', { not: 'two' }] },
    { any: ['one', { text: 'two', weight: 2 }] },
    { any: ['one'], all: ['two'] },
    { any: [{ all: ['one'] }] },
    { all: ['one'], weight: 2 },
    { text: 'one' },
  ]) {
    it(`cannot be asked alone of ${JSON.stringify(expression)}`, async () => {
      await assert.rejects(searchesOf('rank')(expression), { code: 'invalid_request', message: /leave --join out/ })
    })
  }
})
