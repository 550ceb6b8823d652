import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { pseudoRandomTensor, publishedArchitecture } from '@hypershard/harness/qnets'
import {
  type Filter,
  type FilterGroup,
  SearchPlan,
  type SearchShardsRequest,
  type ShardHit,
} from '@hypershard/proto/shard'
import { commitSegments, type Manifest, openSegment, segmentAt } from '@hypershard/storage'
import { createTestIndex, putTestDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 16
const documents = 240
const words = ['star', 'sun', 'moon', 'bread']
/** Of several documents each, so that scores tie. */
const textOf = (number: number) => words.filter((_, at) => number % (at + 2) === 0).join(' ')

/** Over gRPC, with real threads and files. */
describe('a shard server with documents and their words', () => {
  let store: Awaited<ReturnType<typeof createTestStore>>
  let server: TestShardServer
  const qnet = testQNet(publishedArchitecture(width, 2))

  before(async () => {
    store = await createTestStore()
    server = await startTestShardServer(store.root, { HYPERSHARD_SHARD_THREADS: 2 })
  })

  after(async () => {
    await server.stop()
    await store.remove()
  })

  /** In two segments a shard, where there are enough documents. */
  async function indexOf(shards: number, passages?: { overlap: number }, named = 'of'): Promise<Manifest> {
    const name = `${named}-${shards}${passages ? '-cut' : ''}`
    const lexical = { analyzer: 'simple' } as const
    let manifest = await createTestIndex(store.store, { name, width, shards, lexical, ...(passages && { passages }) })
    const all = Array.from({ length: documents }, (_, number) => ({
      id: `document-${number}`,
      vector: pseudoRandomTensor(number, width, 1),
      text: textOf(number),
      ...(passages && { vectors: [0, 1].map(at => pseudoRandomTensor(1_000 * at + number, width, 1)) }),
    }))
    for (const half of [all.slice(0, documents / 2), all.slice(documents / 2)]) {
      manifest = await putTestDocuments(store.store, manifest, half)
    }
    return manifest
  }

  const averageLength = 5
  const terms = words.map((term, at) => ({ term, weight: 1 / (at + 1) }))

  async function search(manifest: Manifest, change: Partial<SearchShardsRequest> = {}) {
    const { results } = await server.search(manifest, { qnet, limit: 50, words: { terms, averageLength }, ...change })
    for (const { error } of results) assert.equal(error, undefined)
    return results
  }

  const facts = ({ id, score, wordsScore, passage }: ShardHit) => ({ id, score, wordsScore, passage })
  const byWords = ({ id, wordsScore }: ShardHit) => ({ id, score: wordsScore! })

  for (const passages of [undefined, { overlap: 0 }]) {
    it(`gives the best of either kind with both scores, from any number of shards${passages ? ', of passages' : ''}`, async () => {
      const found = []
      for (const shards of [1, 4]) {
        const manifest = await indexOf(shards, passages)
        const all = (await search(manifest, { limit: documents })).flatMap(({ hits }) => hits)
        const known = new Map(all.map(hit => [hit.id, facts(hit)]))
        assert.equal(known.size, documents)
        const results = await search(manifest)
        for (const { hits, wordHits } of results) {
          for (const hit of [...hits, ...wordHits!.hits]) assert.deepEqual(facts(hit), known.get(hit.id))
        }
        const best = results
          .flatMap(({ wordHits }) => wordHits!.hits)
          .sort((a, b) => compareRank(byWords(a), byWords(b)))
        const expected = all.filter(hit => hit.wordsScore! > 0).sort((a, b) => compareRank(byWords(a), byWords(b)))
        assert.deepEqual(best.slice(0, 50).map(facts), expected.slice(0, 50).map(facts))
        found.push(best.slice(0, 50).map(facts))
        const tangent = await search(manifest, { plan: SearchPlan.SEARCH_PLAN_TANGENT, candidates: 20 })
        for (const { hits, wordHits } of tangent) {
          for (const hit of [...hits, ...wordHits!.hits]) assert.deepEqual(facts(hit), known.get(hit.id))
        }
      }
      assert.deepEqual(found[1], found[0])
    })
  }

  it('has hits with the words of a filter alone, whatever the plan, from any number of shards', async () => {
    const phrase = (...terms: string[]): Filter => ({ kind: { $case: 'phrase', value: { terms } } })
    const group = (value: Partial<FilterGroup>): Filter => ({
      kind: { $case: 'group', value: { must: [], should: [], mustNot: [], ...value } },
    })
    const cases: readonly [Filter, RegExp, RegExp?][] = [
      [phrase('moon'), /moon/],
      [phrase('star', 'moon'), /star moon/],
      [phrase('of', 'document', '7'), /^$/],
      [group({ must: [phrase('sun')], mustNot: [phrase('moon', 'bread')] }), /sun/, /moon bread/],
      [phrase('bread', 'star'), /^(?!)/],
    ]
    for (const shards of [1, 4]) {
      const manifest = await indexOf(shards, undefined, 'phrases')
      for (const [filter, has, hasNot] of cases) {
        // Of one the phrase stands in the title.
        const expected = Array.from({ length: documents }, (_, number) => number).filter(number =>
          has.source === '^$' ? number === 7 : has.test(textOf(number)) && !hasNot?.test(textOf(number)),
        )
        for (const plan of [SearchPlan.SEARCH_PLAN_EXACT, SearchPlan.SEARCH_PLAN_TANGENT]) {
          const results = await search(manifest, { filter, limit: documents, plan, candidates: documents })
          const found = results.flatMap(({ hits }) => hits.map(({ id }) => Number(id.slice('document-'.length))))
          assert.deepEqual(
            found.toSorted((a, b) => a - b),
            expected,
          )
          const byWord = results.flatMap(({ wordHits }) => wordHits!.hits)
          assert.ok(byWord.every(({ id }) => expected.includes(Number(id.slice('document-'.length)))))
          assert.equal(
            results.reduce((sum, { documentsMatched }) => sum + documentsMatched, 0),
            expected.length,
          )
        }
      }
    }
  })

  it('tells of hits of either kind what they have of a field, and leaves documents out of groups', async () => {
    const lexical = { analyzer: 'simple' } as const
    const fields = { name: { type: 'keyword', list: false } } as const
    const empty = await createTestIndex(store.store, { name: 'named', width, shards: 2, lexical, fields })
    const of = (id: string, at: number) => ({ id, vector: pseudoRandomTensor(at, width, 1), text: 'star sun' })
    const manifest = await putTestDocuments(store.store, empty, ['a', 'b', 'c', 'd'].map(of))
    const results = await search(manifest, { valuesOf: 'name' })
    const hits = results.flatMap(result => [...result.hits, ...result.wordHits!.hits])
    assert.equal(hits.length, 8)
    for (const { id, values } of hits) {
      assert.deepEqual(
        values?.values.map(value => value.kind),
        [{ $case: 'keyword', value: id }],
      )
    }
    const groupBy = { field: 'name', groups: 9, hits: 1, only: undefined, without: ['b', 'nobody'] }
    const grouped = await search(manifest, { groupBy, words: undefined })
    const inGroups = grouped.flatMap(({ groups }) => groups!.groups.flatMap(group => group.hits.map(({ id }) => id)))
    assert.deepEqual(inGroups.toSorted(), ['a', 'c', 'd'])
    assert.ok(
      grouped.every(({ groups, documentsScored, documentsMatched }) => {
        return groups!.leftOut && documentsScored === documentsMatched
      }),
    )
    const { results: wrong } = await server.search(manifest, { qnet, valuesOf: 'colour' })
    assert.deepEqual(
      wrong.map(({ error }) => error?.code),
      ['invalid_request', 'invalid_request'],
    )
  })

  it('counts the documents that are left, and those that pass a filter', async () => {
    const lexical = { analyzer: 'simple' } as const
    const fields = { name: { type: 'keyword', list: false } } as const
    const empty = await createTestIndex(store.store, { name: 'counted', width, shards: 2, lexical, fields })
    const text = 'star star sun'
    const of = (id: string) => ({ id, vector: new Float32Array(width), text })
    const put = await putTestDocuments(store.store, empty, ['a', 'b', 'c', 'd'].map(of))
    const manifest = await commitSegments(store.store, put, [], { deletedIds: ['a'] })
    const count = async (filter?: Filter) => {
      const { shards } = await server.countWords(manifest, ['star', 'sun', 'moon', 'title'], { filter })
      for (const { error } of shards) assert.equal(error, undefined)
      const sum = (of: (shard: (typeof shards)[number]) => number) => shards.reduce((total, own) => total + of(own), 0)
      const counts = [0, 1, 2, 3].map(at => sum(({ documentCounts }) => documentCounts[at]!))
      return [sum(own => own.documents), sum(own => own.words), counts]
    }
    // `title of a` is of three words.
    assert.deepEqual(await count(), [3, 18, [3, 3, 0, 3]])
    const only = (...values: string[]) =>
      ({
        kind: { $case: 'condition', value: { field: 'name', test: { $case: 'keywords', value: { values } } } },
      }) as const
    assert.deepEqual(await count(only('a', 'b')), [1, 6, [1, 1, 0, 1]])
  })

  it('takes as much more memory as the file of its words has bytes', async () => {
    const bytesOf = async (name: string, lexical?: { analyzer: 'simple' }) => {
      const empty = await createTestIndex(store.store, { name, width, shards: 1, ...(lexical && { lexical }) })
      const put = await putTestDocuments(store.store, empty, [{ id: 'one', vector: new Float32Array(width) }])
      const [prepared] = (await server.prepare(put, [0])).shards
      const { fileBytes } = await openSegment(store.store, segmentAt(put, put.segments[0]!))
      return { held: prepared!.bytes, words: fileBytes['lexical.safetensors'] }
    }
    const [plain, worded] = [await bytesOf('plain'), await bytesOf('worded', { analyzer: 'simple' })]
    assert.ok(worded.words > 0)
    assert.equal(worded.held - plain.held, worded.words)
  })

  it('refuses words of an index that keeps none', async () => {
    const manifest = await createTestIndex(store.store, { name: 'wordless', width, shards: 1 })
    const put = await putTestDocuments(store.store, manifest, [{ id: 'one', vector: new Float32Array(width) }])
    const refused = { code: 'invalid_request', message: /wordless.*keeps no words/ }
    await assert.rejects(server.countWords(put, ['star']), refused)
    await assert.rejects(search(put), refused)
  })
})
