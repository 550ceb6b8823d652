import assert from 'node:assert/strict'
import type { SearchRequest } from '@hypershard/contract'
import { casesOf, quietContext } from '@hypershard/harness'
import fc from 'fast-check'
import { SearchableIndexes, type TestDocument } from '../../testing/searchable-indexes.ts'
import { search } from '../search.ts'
import { searchInputOf } from '../search-input.ts'

/** Few words and values, so that many documents score the same and are in several groups. */
const words = ['stars', 'moons', 'tides']
const word = fc.constantFrom(...words)
const document = fc.record({
  said: fc.array(word, { maxLength: 3 }),
  tags: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }),
})
const corpora: fc.Arbitrary<TestDocument[]> = fc
  .array(document, { minLength: 1, maxLength: 14 })
  .map(all => all.map(({ said, tags }, at) => ({ id: `d${at}`, text: said.join(' '), fields: { tags } })))

/** What is asked for besides groups, of which document or word. */
const orders: readonly ((drawn: {
  readonly word: string
  readonly id: string
  readonly size: number
}) => SearchRequest)[] = [
  ({ word, size }) => ({ query: `${word} tides`, hybrid: { lexical: 0.5, candidates: size } }),
  ({ word, size }) => ({ query: `${word} moons`, rerank: { model: 'pairs', candidates: size } }),
  ({ word, size }) => ({
    query: word,
    hybrid: { fusion: 'reciprocal_rank' },
    rerank: { model: 'pairs', candidates: size },
  }),
  ({ id }) => ({ like: { id } }),
  ({ id, word }) => ({ query: { any: [word, { like: [id] }] } }),
]

interface Found {
  readonly id: string
  readonly score: number | null
  readonly rerankScore?: number | undefined
}

interface FoundGroup {
  readonly value: unknown
  readonly hits: readonly Found[]
}

const foundOf = ({ id, score, rerankScore }: Found): Found => ({
  id,
  score,
  ...(rerankScore !== undefined && { rerankScore }),
})

/** The groups of a list, as their rule says it. */
function groupNaively(list: readonly Found[], tagsOf: (id: string) => readonly string[], hits: number): FoundGroup[] {
  const groups = new Map<string | undefined, Found[]>()
  for (const hit of list) {
    const tags = tagsOf(hit.id)
    for (const tag of tags.length === 0 ? [undefined] : tags.toSorted()) {
      groups.set(tag, [...(groups.get(tag) ?? []), hit])
    }
  }
  return [...groups].map(([value, own]) => ({ value, hits: own.slice(0, hits) }))
}

describe('a grouped search', () => {
  let indexes: SearchableIndexes
  let cases = 0

  before(async () => {
    indexes = await SearchableIndexes.make()
  })

  after(() => indexes.remove())

  /** All pages, to the end. */
  async function pagesOf(index: string, request: SearchRequest) {
    const hits: Found[] = []
    const groups: FoundGroup[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const input = searchInputOf(index, { ...request, plan: 'exact', ...(cursor && { cursor }) })
      const page = await search(input, quietContext(), indexes.parts)
      hits.push(...page.hits.map(foundOf))
      const own = (page.groups ?? []).map(({ value, hits }) => ({ value, hits: hits.map(foundOf) }))
      if (request.group_by !== undefined) assert.ok(own.length <= request.group_by.groups!)
      groups.push(...own)
      cursor = page.nextCursor
    }
    return { hits, groups }
  }

  it('gives the groups of the order that it has without them, page by page and from any number of shards', async () => {
    const drawn = fc.record({
      documents: corpora,
      at: fc.nat(),
      word,
      size: fc.integer({ min: 1, max: 21 }),
      groups: fc.integer({ min: 2, max: 3 }),
      hits: fc.integer({ min: 1, max: 3 }),
    })
    const property = fc.asyncProperty(drawn, async ({ documents, at, word, size, groups, hits }) => {
      const name = `case-${++cases}`
      const tagsOf = (id: string) => documents.find(own => own.id === id)!.fields!.tags as string[]
      const { id } = documents[at % documents.length]!
      for (const shards of [1, 2, 4, 8])
        await indexes.add({ name: `${name}-${shards}`, shards, documents, lexical: true })
      for (const ask of orders) {
        // Never fewer are joined than a page has, so that no page may have more than groups are made of.
        const joined = Math.max(size, groups * hits)
        const request = ask({ word, id, size: joined })
        const { hits: all } = await pagesOf(`${name}-1`, { ...request, k: Math.min(7, joined) })
        const list = request.rerank === undefined ? all : all.slice(0, request.rerank.candidates)
        const expected = groupNaively(list, tagsOf, hits)
        for (const shards of [1, 2, 4, 8]) {
          const found = await pagesOf(`${name}-${shards}`, { ...request, group_by: { field: 'tags', groups, hits } })
          assert.deepEqual(found, { hits: [], groups: expected }, JSON.stringify(request))
        }
      }
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 2, thorough: 12 }), endOnFailure: true })
  })
})
