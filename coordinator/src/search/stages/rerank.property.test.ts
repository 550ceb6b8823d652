import assert from 'node:assert/strict'
import { compareRank, Deadline, HypershardError, type RequestContext } from '@hypershard/common'
import { casesOf, FakeEncoder, quietContext } from '@hypershard/harness'
import type { FetchedDocument } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import fc from 'fast-check'
import type { Cursor } from '../cursor.ts'
import { mergeTopHits } from '../merge-top-hits.ts'
import { searchInputOf } from '../search-input.ts'
import type { FoundHit } from '../shard-answer.ts'
import type { RankedPage } from './page-of.ts'
import type { Winners } from './pick-winners.ts'
import type { Pinned } from './plan-fan-out.ts'
import { firstStageOf, type Reranker, rerank } from './rerank.ts'

/** What the first stage and the cross-encoder say of a document. Few values, so that many are alike. */
interface Scored {
  readonly id: string
  readonly score: number
  readonly rerankScore: number
}

const scoreOfFew = fc.constantFrom(-1, 0, 0.5, 2, Number.NaN)
const corpora: fc.Arbitrary<Scored[]> = fc
  .array(fc.record({ score: scoreOfFew, rerankScore: fc.constantFrom(-3, 0, 7) }), { maxLength: 24 })
  .map(scores => scores.map((own, at) => ({ id: `d${at}`, ...own })))

const [model] = new FakeEncoder().crossEncoders()

function hitOf({ id, score }: Scored, shard: number): FoundHit {
  const address = { segment: 0, row: 0 }
  return { id, score, shard, address, document: undefined }
}

/** What the shards find of a corpus, each its own documents. */
function winnersOf(corpus: readonly Scored[], shards: number, k: number, cursor: Cursor | undefined): Winners {
  const hits = corpus.map((document, at) => hitOf(document, at % shards)).sort(compareRank)
  const after = hits.filter(hit => cursor === undefined || compareRank(cursor, hit) < 0)
  const lists = Array.from({ length: shards }, (_, shard) => after.filter(hit => hit.shard === shard).slice(0, k + 1))
  const ranked = mergeTopHits(lists, k + 1)
  const documents = new Map(
    ranked.slice(0, k).map(({ id }): [string, FetchedDocument] => [id, { id, title: '', text: id, fieldsJson: '' }]),
  )
  return { ranked, winners: ranked.slice(0, k), coverage: {} as Winners['coverage'], documents }
}

interface Asked {
  readonly corpus: readonly Scored[]
  readonly shards: number
  readonly candidates: number
  /** Of the pages, in turn. */
  readonly sizes: readonly number[]
  /** The call that fails, from 0. */
  readonly fails?: number
}

/** All pages of a search, to its end. */
async function pagesOf({ corpus, shards, candidates, sizes, fails }: Asked): Promise<RankedPage['hits'][]> {
  const reranker: Reranker = { model: model!, candidates, timeoutMs: undefined }
  const scoreOf = new Map(corpus.map(({ id, rerankScore }) => [id, rerankScore]))
  let calls = 0
  const scores = {
    score: async ({ texts }: { texts: readonly string[] }) => {
      if (calls++ === fails) throw new HypershardError('unavailable', 'away')
      return { scores: texts.map(text => ({ score: scoreOf.get(text)!, truncated: false })), scored: texts.length }
    },
  }
  const pages: RankedPage['hits'][] = []
  let cursor: Cursor | undefined
  for (;;) {
    const input = searchInputOf('papers', { query: 'stars', k: sizes[pages.length % sizes.length]! })
    const pinned = { cursor, manifest: {} as Manifest } as Pinned
    const { input: first, pinned: firstPinned, inWindow } = firstStageOf(input, pinned, reranker)
    const winners = winnersOf(corpus, shards, first.k, firstPinned.cursor)
    const { hits, next } = await rerank(winners, { input, cursor, reranker, inWindow, scores }, context())
    pages.push(hits)
    if (next === undefined) return pages
    cursor = { generation: 1, version: 1, given: (cursor?.given ?? 0) + hits.length, ...next }
  }
}

const context = (): RequestContext => quietContext(Deadline.after(60_000))

/** The whole order, as its rule says it. */
function wholeOrder(corpus: readonly Scored[], candidates: number): string[] {
  const first = corpus.toSorted(compareRank)
  const window = first.slice(0, candidates).toSorted((a, b) => b.rerankScore - a.rerankScore || compareRank(a, b))
  return [...window, ...first.slice(candidates)].map(({ id }) => id)
}

const asked = fc.record({
  corpus: corpora,
  candidates: fc.integer({ min: 1, max: 30 }),
  sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
})
const cases = { numRuns: casesOf({ usual: 40, thorough: 3_000 }) }

describe('a reranked search', () => {
  it('gives the same hits in the same order from any number of shards and in any pages', async () => {
    await fc.assert(
      fc.asyncProperty(asked, async of => {
        for (const shards of [1, 2, 4, 8]) {
          const pages = await pagesOf({ ...of, shards })
          assert.deepEqual(
            pages.flat().map(({ id }) => id),
            wholeOrder(of.corpus, of.candidates),
          )
          // No page is short but the last.
          for (const [at, page] of pages.slice(0, -1).entries()) {
            assert.equal(page.length, of.sizes[at % of.sizes.length])
          }
        }
      }),
      cases,
    )
  })

  it('keeps the order of the shards on all pages when the first cannot be reranked', async () => {
    await fc.assert(
      fc.asyncProperty(asked, async of => {
        const pages = await pagesOf({ ...of, shards: 3, fails: 0 })
        assert.deepEqual(
          pages.flat().map(({ id }) => id),
          of.corpus.toSorted(compareRank).map(({ id }) => id),
        )
      }),
      cases,
    )
  })

  it('fails on a later page of the window that has no scores, instead of giving hits twice', async () => {
    const corpus = Array.from({ length: 6 }, (_, at) => ({ id: `d${at}`, score: 6 - at, rerankScore: at }))
    await assert.rejects(pagesOf({ corpus, shards: 2, candidates: 6, sizes: [2], fails: 1 }), {
      code: 'unavailable',
      message: /the pages before are in the order of `pairs`, which gives no scores now: away; ask for the page again/,
    })
  })
})
