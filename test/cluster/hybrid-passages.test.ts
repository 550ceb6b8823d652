import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor, publishedArchitecture } from '@hypershard/harness/qnets'
import type { Filter, ShardHit } from '@hypershard/proto/shard'
import { analyzeText, commitSegments, type Manifest } from '@hypershard/storage'
import fc from 'fast-check'
import type { FoundHit } from '../../coordinator/src/search/shard-answer.ts'
import { fuse } from '../../coordinator/src/search/stages/fuse.ts'
import { naiveWordsScore } from '../../coordinator/src/testing/naive-words-score.ts'
import { type HybridSearch, termsOf, type WordStatistics, weighTerms } from '../../coordinator/src/words/query-words.ts'
import { createTestIndex, putTestDocuments } from '../../shard-server/src/testing/test-index.ts'
import {
  createTestStore,
  startTestShardServer,
  type TestShardServer,
  testQNet,
} from '../../shard-server/src/testing/test-shard-server.ts'

const width = 16
const lexical = { analyzer: 'english' } as const
const query = 'star moon star'

interface Cut {
  readonly words: readonly string[]
  /** Of each passage, which of a few vectors it has: many are the same, so that scores tie. */
  readonly vectors: readonly number[]
  readonly isDeleted: boolean
}

const cut: fc.Arbitrary<Cut> = fc.record({
  words: fc.array(fc.constantFrom('star', 'stars', 'moon', 'sun'), { minLength: 8, maxLength: 12 }),
  vectors: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 }),
  isDeleted: fc.boolean(),
})

const search = fc.record({
  documents: fc.array(cut, { minLength: 1, maxLength: 40 }),
  hybrid: fc.record({
    fusion: fc.constantFrom('convex' as const, 'reciprocal_rank' as const),
    lexical: fc.constantFrom(0, 0.3, 1),
    candidates: fc.integer({ min: 1, max: 45 }),
  }),
  phrase: fc.option(fc.constantFrom(['star'], ['moon', 'star'], ['star', 'star', 'sun']), { nil: undefined }),
})

/** Over gRPC, with real threads and files; joined as the coordinator does. */
describe('a hybrid search of documents of several passages', () => {
  const qnet = testQNet(publishedArchitecture(width, 2))
  let store: Awaited<ReturnType<typeof createTestStore>>
  let server: TestShardServer
  let indexes = 0

  before(async () => {
    store = await createTestStore()
    server = await startTestShardServer(store.root, { HYPERSHARD_SHARD_THREADS: 2 })
  })

  after(async () => {
    await server.stop()
    await store.remove()
  })

  async function indexOf(documents: readonly Cut[], shards: number): Promise<Manifest> {
    const name = `cut-${++indexes}`
    const empty = await createTestIndex(store.store, { name, width, shards, lexical, passages: { overlap: 0 } })
    const all = documents.map(({ words, vectors }, at) => {
      const own = vectors.map(drawn => pseudoRandomTensor(drawn, width, 1))
      return { id: `d${at}`, text: words.join(' '), vector: own[0]!, vectors: own }
    })
    // Two segments a shard, where there are enough documents.
    const half = await putTestDocuments(store.store, empty, all.slice(0, all.length / 2))
    const put = await putTestDocuments(store.store, half, all.slice(all.length / 2))
    const deletedIds = all.map(({ id }) => id).filter((_, at) => documents[at]!.isDeleted)
    return commitSegments(store.store, put, [], { deletedIds })
  }

  async function statisticsOf(manifest: Manifest): Promise<WordStatistics> {
    const { shards } = await server.countWords(manifest, [...termsOf(query, lexical).terms])
    const sum = (of: (shard: (typeof shards)[number]) => number) => shards.reduce((all, own) => all + of(own), 0)
    const documentCounts = shards[0]!.documentCounts.map((_, at) => sum(own => own.documentCounts[at]!))
    return { documents: sum(own => own.documents), words: sum(own => own.words), documentCounts }
  }

  async function ask(manifest: Manifest, limit: number, filter: Filter | undefined) {
    const words = weighTerms(termsOf(query, lexical), await statisticsOf(manifest))
    const { results } = await server.search(manifest, { qnet, limit, words, filter })
    for (const { error } of results) assert.equal(error, undefined)
    const found = ({ hits }: { readonly hits: readonly ShardHit[] }) => hits as readonly unknown[] as FoundHit[]
    return { words, answers: results.map(own => ({ hits: found(own), wordHits: found(own.wordHits!) })) }
  }

  const byWords = ({ id, wordsScore = 0 }: FoundHit) => ({ id, score: wordsScore })
  const factsOf = ({ id, score, scores, passage }: FoundHit) => ({ id, score, scores, passage })

  async function joined(manifest: Manifest, hybrid: HybridSearch, filter: Filter | undefined) {
    return fuse((await ask(manifest, hybrid.candidates, filter)).answers, hybrid).map(factsOf)
  }

  it('gives the same hits, scores and passages from 1, 2, 4 and 8 shards, as all documents joined', async () => {
    const property = fc.asyncProperty(search, async ({ documents, hybrid, phrase }) => {
      const filter: Filter | undefined = phrase && { kind: { $case: 'phrase', value: { terms: [...phrase] } } }
      const manifests = []
      for (const shards of [1, 2, 4, 8]) manifests.push(await indexOf(documents, shards))
      const found = []
      for (const manifest of manifests) found.push(await joined(manifest, hybrid, filter))
      for (const other of found) assert.deepEqual(other, found[0])

      // Every document by itself, as both of its scores say.
      const { words, answers } = await ask(manifests[0]!, documents.length, filter)
      const { hits } = answers[0]!
      const eligible = documents.flatMap(({ words: own, isDeleted }, at) => {
        const text = analyzeText(own.join(' '), lexical.analyzer)
        const passes = phrase === undefined || ` ${text.join(' ')} `.includes(` ${phrase.join(' ')} `)
        return passes && !isDeleted
          ? [{ id: `d${at}`, text: [...analyzeText(`title of d${at}`, 'english'), ...text] }]
          : []
      })
      assert.deepEqual(hits.map(({ id }) => id).toSorted(), eligible.map(({ id }) => id).toSorted())
      for (const { id, text } of eligible) {
        // Its sum is made in another order of operations.
        assert.ok(Math.abs(hits.find(hit => hit.id === id)!.wordsScore! - naiveWordsScore(text, words)) < 1e-12)
      }
      const withWords = hits.filter(({ wordsScore }) => wordsScore! > 0)
      const wordHits = withWords.toSorted((a, b) => compareRank(byWords(a), byWords(b)))
      const inOne = [{ hits, wordHits }]
      assert.deepEqual(found[0], fuse(inOne, hybrid).map(factsOf))
      // The passage that is told is one of those with the document's best vector, the first of them.
      for (const { id, passage } of hits) {
        const { vectors } = documents[Number(id.slice(1))]!
        if (vectors.length === 1) assert.equal(passage, undefined)
        else assert.equal(vectors.indexOf(vectors[passage!.begin / 10]!), passage!.begin / 10)
      }
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 2, thorough: 6 }), endOnFailure: true })
  })
})
