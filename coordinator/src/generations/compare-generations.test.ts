import assert from 'node:assert/strict'

import { quietContext } from '@hypershard/harness'
import type { CatalogEntry } from '../catalog/catalog.ts'
import type { SearchAnswer } from '../search/search-answer.ts'
import { compareGenerations } from './compare-generations.ts'

type Scores = Readonly<Record<string, number>>

const [served, trial] = [{ name: 'served' }, { name: 'trial' }] as unknown as [CatalogEntry, CatalogEntry]

describe('comparing two generations', () => {
  /** By query: what each gives. */
  function compare(answers: Readonly<Record<string, readonly [Scores, Scores]>>) {
    const search = async (entry: CatalogEntry, query: string) => {
      const scores = answers[query]![entry === served ? 0 : 1]
      const hits = Object.entries(scores).map(([id, score]) => ({ id, score, document: undefined }))
      return { hits, coverage: { documentsEligible: entry === served ? 7 : 8 } } as unknown as SearchAnswer
    }
    return compareGenerations({ served, trial, queries: Object.keys(answers), search }, quietContext())
  }

  it('tells the share of hits that both have, of the longer list', async () => {
    assert.equal(
      (
        await compare({
          q: [
            { a: 3, b: 2 },
            { a: 3, b: 2, c: 1, d: 0 },
          ],
        })
      ).overlapAt10,
      0.5,
    )
    assert.equal((await compare({ q: [{ a: 3, b: 2, c: 1, d: 0 }, { b: 2 }] })).overlapAt10, 0.25)
    assert.equal((await compare({ q: [{}, {}] })).overlapAt10, 1)
  })

  it('tells the mean over queries, and the queries that differ most first', async () => {
    const report = await compare({ same: [{ a: 1 }, { a: 1 }], other: [{ a: 1 }, { b: 1 }] })
    assert.deepEqual([report.queries, report.overlapAt10, report.documents], [2, 0.5, { served: 7, candidate: 8 }])
    assert.deepEqual(report.mostDifferent, [
      { query: 'other', overlap: 0, served: ['a'], candidate: ['b'] },
      { query: 'same', overlap: 1, served: ['a'], candidate: ['a'] },
    ])
  })

  it('tells how scores of common hits go together, where three or more are common', async () => {
    const correlationOf = async (one: Scores, other: Scores) => (await compare({ q: [one, other] })).scoreCorrelation
    assert.ok(Math.abs((await correlationOf({ a: 3, b: 2, c: 1 }, { a: 30, b: 20, c: 10 }))! - 1) < 1e-12)
    assert.ok(Math.abs((await correlationOf({ a: 3, b: 2, c: 1 }, { a: 1, b: 2, c: 3 }))! + 1) < 1e-12)
    assert.equal(await correlationOf({ a: 3, b: 2 }, { a: 3, b: 2 }), null)
    assert.equal(await correlationOf({ a: 3, b: 2, c: 1 }, { a: 1, b: 1, c: 1 }), null)
  })
})
