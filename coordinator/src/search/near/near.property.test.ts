import assert from 'node:assert/strict'
import { casesOf, quietContext } from '@hypershard/harness'
import fc from 'fast-check'
import { SearchableIndexes, type TestDocument } from '../../testing/searchable-indexes.ts'
import { search } from '../search.ts'
import { searchInputOf } from '../search-input.ts'
import { explain } from './explain.ts'

const shardCounts = [1, 2, 4, 8]

/** Few words, so that many documents score the same. */
const words = ['stars', 'moons', 'tides']

const owners = ['ada', 'bob']

const corpora: fc.Arbitrary<TestDocument[]> = fc
  .array(fc.array(fc.constantFrom(...words), { maxLength: 3 }), { minLength: 2, maxLength: 20 })
  .map(said => said.map((own, at) => ({ id: `d${at}`, text: own.join(' ') })))

describe('what begins at a document', () => {
  let indexes: SearchableIndexes
  let cases = 0

  before(async () => {
    indexes = await SearchableIndexes.make()
  })

  after(() => indexes.remove())

  async function sameFromAll<Answer>(documents: readonly TestDocument[], ask: (index: string) => Promise<Answer>) {
    const name = `case-${++cases}`
    const answers: Answer[] = []
    for (const shards of shardCounts) {
      await indexes.add({ name: `${name}-${shards}`, shards, documents })
      answers.push(await ask(`${name}-${shards}`))
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    return answers[0]!
  }

  it('finds the same, in the same order, to the bit, from any number of shards', async () => {
    const property = fc.asyncProperty(
      corpora,
      fc.nat(),
      fc.integer({ min: 1, max: 21 }),
      fc.boolean(),
      async (plain, drawn, k, isSorted) => {
        const documents = plain.map((document, at) => ({
          ...document,
          fields: at % 3 === 0 ? {} : { owner: owners[at % 2]! },
        }))
        const { id } = documents[drawn % documents.length]!
        const sort = isSorted && { sort: [{ field: 'owner', order: 'desc' as const }] }
        const pagesOf = async (index: string) => {
          const found: (readonly [string, number | null])[] = []
          for (let cursor: string | undefined, more = true; more; ) {
            const input = searchInputOf(index, { like: { id }, plan: 'exact', k, ...sort, ...(cursor && { cursor }) })
            const { hits, nextCursor } = await search(input, quietContext(), indexes.parts)
            found.push(...hits.map(hit => [hit.id, hit.score] as const))
            cursor = nextCursor ?? undefined
            more = cursor !== undefined
          }
          return found
        }
        const found = await sameFromAll(documents, pagesOf)
        const others = documents.filter(other => other.id !== id)
        assert.deepEqual(found.map(([own]) => own).toSorted(), others.map(other => other.id).toSorted())
        if (!isSorted) return
        const ownerOf = new Map(documents.map(other => [other.id, other.fields.owner ?? '']))
        const given = found.map(([own]) => ownerOf.get(own)!)
        assert.deepEqual(given, given.toSorted().toReversed())
      },
    )
    await fc.assert(property, { numRuns: casesOf({ usual: 4, thorough: 12 }), endOnFailure: true })
  })

  it('explains each document by the score and the rank that the exact search gives it, from any number of shards', async () => {
    const drawn = fc.tuple(corpora, fc.constantFrom(...words), fc.nat(), fc.boolean())
    const property = fc.asyncProperty(drawn, async ([plain, word, at, isLike]) => {
      const documents = plain.map((document, number) => ({ ...document, fields: { owner: owners[number % 2]! } }))
      const liked = documents[at % documents.length]!.id
      const question = isLike ? { like: { id: liked } } : { query: word }
      const filter = at % 3 === 0 ? undefined : { field: 'owner', equals: owners[at % 2]! }
      const told = await sameFromAll(documents, async index => {
        const asked = searchInputOf(index, { ...question, plan: 'exact', k: 100, ...(filter && { filter }) })
        const { hits } = await search(asked, quietContext(), indexes.parts)
        const explained: [string, unknown][] = []
        for (const { id, fields } of documents) {
          if (isLike && id === liked) continue
          const input = { ...asked, plan: at % 2 === 0 ? ('exact' as const) : ('tangent' as const) }
          const answer = await explain({ id, filter, search: input }, quietContext(), indexes.parts)
          const passes = filter === undefined || fields.owner === filter.equals
          const place = hits.findIndex(hit => hit.id === id)
          assert.equal(place >= 0, passes)
          if (passes) assert.deepEqual([answer!.rank, answer!.score], [place + 1, hits[place]!.score], id)
          assert.deepEqual(answer!.failing, passes ? [] : [{ path: 'filter', field: 'owner' }])
          assert.equal(answer!.candidate, passes ? true : null)
          const { shard: _, scanned: __, ...others } = answer!
          explained.push([id, { ...others, manifestVersion: 0, coverage: others.coverage.documentsMatched }])
        }
        return { hits: hits.map(({ id, score }) => [id, score]), explained }
      })
      assert.ok(told.explained.length >= documents.length - 1)
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 4, thorough: 12 }), endOnFailure: true })
  })
})
