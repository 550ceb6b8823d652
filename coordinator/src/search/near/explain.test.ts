import assert from 'node:assert/strict'
import { quietContext } from '@hypershard/harness'
import { FakeShardServer } from '../../testing/fake-shard-server.ts'
import { SearchableIndexes } from '../../testing/searchable-indexes.ts'
import { readFilter } from '../read-filter.ts'
import { searchInputOf } from '../search-input.ts'
import { explain } from './explain.ts'
import { failingClauses } from './failing-clauses.ts'

/** The more dust, the higher the score of a query that says it. */
const documents = Array.from({ length: 12 }, (_, at) => ({
  id: `d${at}`,
  text: 'dust '.repeat(at).trim(),
  fields: { owner: at % 2 === 0 ? 'ada' : 'bob' },
}))

describe('the explanation of a document', () => {
  let indexes: SearchableIndexes

  beforeEach(async () => {
    indexes = await SearchableIndexes.make()
    await indexes.add({ name: 'papers', shards: 3, documents })
  })

  afterEach(() => indexes.remove())

  const ask = (id: string, said: object = {}, within?: object) => {
    const search = searchInputOf('papers', { query: 'dust', plan: 'exact', ...said })
    return explain({ id, search, filter: search.filter, within: within as never }, quietContext(), indexes.parts)
  }

  /** Every server's answers, changed. */
  function changeAnswers(change: (result: Awaited<ReturnType<FakeShardServer['search']>>[number]) => object): void {
    const { search } = FakeShardServer.prototype
    for (const server of indexes.servers) {
      server.search = async (request, context) => {
        const results = await search.call(server, request, context)
        return results.map(result => ({ ...result, ...change(result) }))
      }
    }
  }

  it('has its score and its rank, and encodes the query once', async () => {
    const { score, rank, candidate, coverage, scanned } = (await ask('d9'))!
    assert.deepEqual([score, rank, candidate, coverage.ratio], [9, 3, true, 1])
    assert.equal(scanned.documentsScored, 13)
    await ask('d9', { plan: 'graph' })
    assert.equal(indexes.encoder.queriesEncoded, 1)
  })

  it('asks in the plan of the search whether the document is scored', async () => {
    await ask('d9', { plan: 'graph', candidates: 20, expansion: 30, k: 4 })
    const asked = indexes.servers.flatMap(({ searches }) => searches).filter(({ plan }) => plan === 3)
    assert.deepEqual(
      asked.map(({ candidates, expansion, after }) => [candidates, expansion, after]),
      [[20, 30, { score: 9, id: 'd9', inclusive: true }]],
    )
    const { search } = FakeShardServer.prototype
    for (const server of indexes.servers) {
      server.search = async (request, context) => {
        const results = await search.call(server, request, context)
        return request.plan === 3 ? results.map(result => ({ ...result, hits: [] })) : results
      }
    }
    assert.equal((await ask('d9', { plan: 'graph' }))!.candidate, false)
  })

  it('tells the rank that a document would have which the filter keeps out', async () => {
    const filter = { field: 'owner', equals: 'ada' }
    const { rank, candidate, failing, coverage } = (await ask('d9', { filter }))!
    assert.deepEqual([rank, candidate, coverage.documentsMatched], [2, null, 6])
    assert.deepEqual(failing, [{ path: 'filter', field: 'owner' }])
  })

  it('is none of a document that is not there, or that a tenant may not see', async () => {
    assert.equal(await ask('d12'), undefined)
    assert.equal(await ask('d9', {}, { field: 'owner', equals: 'ada' }), undefined)
    assert.notEqual(await ask('d8', {}, { field: 'owner', equals: 'ada' }), undefined)
  })

  it('has no rank where not all documents could be scored, and none at all below the coverage asked for', async () => {
    const shard = (await ask('d9'))!.shard
    for (const server of indexes.servers) server.failingShards.add((shard + 1) % 3)
    await assert.rejects(ask('d9'), { code: 'insufficient_coverage' })
    const { rank, score, coverage } = (await ask('d9', { min_coverage: 0 }))!
    assert.deepEqual([rank, score, coverage.missing.length], [null, 9, 1])
    for (const server of indexes.servers) server.failingShards.add(shard)
    await assert.rejects(ask('d9', { min_coverage: 0 }), { code: 'corrupt_data' })
  })

  it('counts nothing by servers that are too old to', async () => {
    changeAnswers(() => ({ documentsBefore: undefined }))
    await assert.rejects(ask('d9'), { code: 'unavailable', message: /cannot explain; upgrade it$/ })
  })

  it('is refused of the document that hits are to be like', async () => {
    await assert.rejects(ask('d9', { query: undefined, like: { id: 'd9' } }), { code: 'invalid_request' })
  })

  it('counts the document that hits are to be like only where it would be counted', async () => {
    const like = { query: undefined, like: { id: 'd11' } }
    assert.equal((await ask('d9', like))!.rank, 2)
    assert.equal((await ask('d9', { ...like, filter: { field: 'owner', equals: 'bob' } }))!.rank, 1)
    assert.equal((await ask('d8', { ...like, filter: { field: 'owner', equals: 'ada' } }))!.rank, 2)
  })
})

describe('the parts of a filter that keep a document out', () => {
  const fields = { owner: { type: 'keyword', list: false }, year: { type: 'number', list: false } } as const
  const filterable = { fields, lexical: { analyzer: 'english' } } as const
  const document = { title: 'Of stars', text: 'They twinkle at night.', fields: '{"owner":"ada","year":2001}' }
  const isAda = { field: 'owner', equals: 'ada' }
  const isBob = { field: 'owner', equals: 'bob' }
  const isNew = { field: 'year', gte: 2020 }

  for (const [filter, failing] of [
    [isAda, []],
    [isBob, [['filter', 'owner']]],
    [
      { must: [isAda, isNew, isBob] },
      [
        ['filter.must.1', 'year'],
        ['filter.must.2', 'owner'],
      ],
    ],
    [{ should: [isBob, isNew] }, [['filter.should', undefined]]],
    [{ must: [{ words: 'star' }, { words: 'twinkling at night' }] }, []],
    [
      { must: [{ words: 'stars they' }, isNew] },
      [
        ['filter.must.0', undefined],
        ['filter.must.1', 'year'],
      ],
    ],
    [{ must_not: [{ words: 'night' }] }, [['filter.must_not.0', undefined]]],
    [{ should: [isBob, isAda] }, []],
    [{ must_not: [isNew, isAda] }, [['filter.must_not.1', 'owner']]],
    [
      { must: { must: [isAda, { should: [isBob] }] }, must_not: { must: [isAda] } },
      [
        ['filter.must.0.must.1.should', undefined],
        ['filter.must_not.0', undefined],
      ],
    ],
  ] as const) {
    it(JSON.stringify(filter), () => {
      const found = failingClauses(readFilter(filter, filterable), { filterable, document })
      assert.deepEqual(
        found.map(({ path, field }) => [path, field]),
        failing,
      )
    })
  }
})
