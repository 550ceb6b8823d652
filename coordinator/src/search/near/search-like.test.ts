import assert from 'node:assert/strict'
import { quietContext } from '@hypershard/harness'
import { FakeShardServer } from '../../testing/fake-shard-server.ts'
import { SearchableIndexes } from '../../testing/searchable-indexes.ts'
import { search } from '../search.ts'
import { searchInputOf } from '../search-input.ts'

/** The more dust, the higher the score of a query that says it. */
const documents = Array.from({ length: 12 }, (_, at) => ({
  id: `d${at}`,
  title: 'stars',
  text: 'dust '.repeat(at).trim(),
  fields: { owner: at % 2 === 0 ? 'ada' : 'bob' },
}))

describe('a search for what is like a document', () => {
  let indexes: SearchableIndexes

  beforeEach(async () => {
    indexes = await SearchableIndexes.make()
    await indexes.add({ name: 'papers', shards: 3, documents })
  })

  afterEach(() => indexes.remove())

  const like = (id: string, said: object = {}) => {
    const input = { ...searchInputOf('papers', { like: { id }, plan: 'exact', k: 4, ...said }) }
    return search(input, quietContext(), indexes.parts)
  }

  /** From now on the model's q-nets have a layer, though the fakes do not mind. */
  function bend(): void {
    const [model] = indexes.encoder.models
    indexes.encoder.models = [{ ...model!, architecture: { ...model!.architecture!, vectorDimensions: [16, 16, 1] } }]
  }

  it('has the vector for a query where the scorer is an inner product, and does not find the document itself', async () => {
    const { hits, profile, queryTokens } = await like('d11', { profile: true })
    assert.deepEqual(
      hits.map(({ id, score }) => [id, score]),
      [10, 9, 8, 7].map(dust => [`d${dust}`, 11 * dust + 1]),
    )
    assert.deepEqual([profile!.likeBy, queryTokens, indexes.encoder.queriesEncoded], ['vector', 0, 0])
  })

  it('has title and text for a query where q-nets have layers', async () => {
    bend()
    const { hits, profile, queryTokens } = await like('d11', { profile: true })
    assert.deepEqual(
      hits.map(({ id, score }) => [id, score]),
      [10, 9, 8, 7].map(dust => [`d${dust}`, 11 * dust + 1]),
    )
    assert.deepEqual([profile!.likeBy, queryTokens], ['text', 12])
  })

  it('highlights no word of the documents that leaves are like, though their texts are queries', async () => {
    bend()
    const query = { any: ['stars', { like: ['d11'] }] }
    const input = searchInputOf('papers', { query, plan: 'exact', k: 4, highlight: {} })
    const { hits, leaves } = await search(input, quietContext(), indexes.parts)
    assert.deepEqual(leaves, ['any[0]', 'any[1]'])
    assert.deepEqual(new Set(hits.map(({ highlight }) => highlight!.fragments.length)), new Set([0]))
  })

  it('gives every other document once over its pages, whatever their size', async () => {
    const others = documents.map(({ id }) => id).filter(id => id !== 'd5')
    for (const k of [1, 5, 10, 11, 12]) {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const { hits, nextCursor } = await like('d5', { k, ...(cursor && { cursor }) })
        found.push(...hits.map(({ id }) => id))
        cursor = nextCursor ?? undefined
      } while (cursor !== undefined)
      assert.deepEqual(found.toSorted(), others.toSorted(), `k ${k}`)
    }
  })

  it('asks for one place more, which the document itself takes', async () => {
    await like('d5', { plan: 'graph', candidates: 3, expansion: 3, k: 4 })
    const asked = indexes.servers.flatMap(({ searches }) => searches)
    assert.deepEqual(
      new Set(
        asked.map(
          ({ limit, candidates, expansion, recallHits }) => `${limit} ${candidates} ${expansion} ${recallHits}`,
        ),
      ),
      new Set(['6 6 6 5']),
    )
  })

  it('does not go on with a cursor of another document, or of a query', async () => {
    const { nextCursor } = await like('d5')
    await assert.rejects(like('d6', { cursor: nextCursor! }), { code: 'invalid_cursor' })
    const ofText = searchInputOf('papers', { query: 'stars', plan: 'exact', cursor: nextCursor! })
    await assert.rejects(search(ofText, quietContext(), indexes.parts), { code: 'invalid_cursor' })
  })

  it('tells the place of an id that no document has', async () => {
    await assert.rejects(like('d12'), {
      code: 'document_not_found',
      message: 'like.id: index `papers` has no searchable document "d12"',
      details: { index: 'papers', id: 'd12', path: 'like.id' },
    })
  })

  it('is kept for nobody whose filter does not pass the document', async () => {
    const within = (owner: string) => ({ field: 'owner', equals: owner })
    const askAs = (owner: string) => {
      const input = searchInputOf('papers', { like: { id: 'd4' }, plan: 'exact' })
      return search({ ...input, like: { id: 'd4', within: within(owner) } }, quietContext(), indexes.parts)
    }
    assert.equal((await askAs('ada')).cached, false)
    assert.equal((await askAs('ada')).cached, true)
    await assert.rejects(askAs('bob'), { code: 'document_not_found' })
  })

  it('asks another server where the first one fails, and tells when none answers', async () => {
    for (const [failing, finds] of [
      [1, 2],
      [2, 2],
    ] as const) {
      let asked = 0
      for (const server of indexes.servers) {
        const { find } = FakeShardServer.prototype
        server.find = (request, context) => {
          server.fetchFails = ++asked <= failing
          return find.call(server, request, context)
        }
      }
      const found = like('d5', { ids_only: true })
      if (failing === 2) await assert.rejects(found, { code: 'internal' })
      else assert.equal((await found).hits.length, 4)
      assert.equal(asked, finds)
    }
  })

  it('is refused where no query can be made of the document', async () => {
    bend()
    await indexes.add({ name: 'bare', shards: 1, documents: [{ id: 'none', text: ' ' }, ...documents] })
    const input = searchInputOf('bare', { like: { id: 'none' } })
    await assert.rejects(search(input, quietContext(), indexes.parts), {
      code: 'invalid_request',
      message: 'like.id: document "none" has neither title nor text to make a query of; send a `query`',
    })
  })
})
