import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import { writeSegments } from '@hypershard/indexer'
import { commitSegments, createDirectoryStore, type ObjectStore, type StoredDocument } from '@hypershard/storage'
import { Catalog, type CatalogEntry } from '../catalog/catalog.ts'
import { ModelRegistry } from '../catalog/model-registry.ts'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import { WordCounts } from '../words/word-counts.ts'
import { AnswerCache } from './answer-cache.ts'
import { FanOutRecord } from './fan-out-record.ts'
import { PairScores } from './pair-scores.ts'
import { QueryEncoder } from './query-encoder.ts'
import { QueryForms } from './query-forms.ts'
import { type SearchParts, search } from './search.ts'
import type { SearchInput } from './search-input.ts'

const asked: SearchInput = {
  index: 'papers',
  generation: undefined,
  query: 'stars dust',
  k: 3,
  cursor: undefined,
  minCoverage: 1,
  profile: false,
  cache: true,
  idsOnly: false,
  precision: 'fp32',
  plan: 'exact',
  candidates: 7,
  expansion: 9,
  recall: 0.95,
  filter: undefined,
  minSequence: 0,
}

describe('answers that were kept', () => {
  let directory: string
  let store: ObjectStore
  let encoder: FakeEncoder
  let entry: CatalogEntry
  let server: FakeShardServer
  let parts: SearchParts

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-answers-'))
    store = await createDirectoryStore(directory)
    encoder = new FakeEncoder()
    const catalog = await Catalog.load(store)
    const fields = { n: { type: 'number', list: false } } as const
    const model = { name: 'words', digest: encoder.models[0]!.digest }
    entry = await catalog.create({ name: 'papers', shards: 1, replicas: 1, vectorWidth: 16, model, fields }, soon())
    server = new FakeShardServer('s0:1', () => store)
    const cluster = clusterOf([server])
    cluster.members[0]!.markLive()
    const queryEncoder = new QueryEncoder(encoder, { cacheBytesMax: 1_000_000 })
    const answers = new AnswerCache(1_000_000)
    const models = new ModelRegistry(encoder)
    const modelKeeper = { mend: () => undefined }
    parts = {
      catalog,
      cluster,
      queryEncoder,
      queryForms: new QueryForms('weights'),
      modelKeeper,
      models,
      answers,
      pairScores: new PairScores(encoder),
      fanOuts: new FanOutRecord(),
      wordCounts: new WordCounts(),
    }
    await put(Array.from({ length: 8 }, (_, at) => ({ id: `d${at}`, text: `stars ${'dust '.repeat(at)}` })))
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  const soon = () => Deadline.after(10_000)
  const ask = (change: Partial<SearchInput> = {}) => search({ ...asked, ...change }, quietContext(), parts)

  /** Adds documents, which is another manifest version. */
  async function put(documents: readonly Pick<StoredDocument, 'id' | 'text'>[]): Promise<void> {
    const puts = documents.map(document => ({ title: '', fields: '{}', version: 1, ...document }))
    const { added } = await writeSegments(
      entry.manifest,
      puts,
      { store, encoder, onEncoded: () => undefined },
      quietContext(),
    )
    entry = { ...entry, manifest: await commitSegments(store, entry.manifest, added) }
    parts.catalog.publish(entry)
  }

  it('are given again to the same request, and nobody is asked', async () => {
    const first = await ask()
    const again = await ask()
    assert.deepEqual([first.cached, again.cached, server.searches.length], [false, true, 1])
    assert.deepEqual({ ...again, cached: false, tookMs: first.tookMs }, first)
    // What only bounds how an answer is waited for, or how much of it is enough, does not change a whole one.
    assert.equal((await ask({ minCoverage: 0.1, minSequence: 0 })).cached, true)
  })

  it('are not given to any other request', async () => {
    const { nextCursor } = await ask()
    const others: Partial<SearchInput>[] = [
      { query: 'stars' },
      { k: 4 },
      { cursor: nextCursor! },
      { idsOnly: true },
      { precision: 'int8' },
      { plan: 'tangent' },
      { candidates: 8 },
      { expansion: 10 },
      { recall: 0.9 },
      { facets: [{ field: 'n', limit: 1 }] },
      { groupBy: { field: 'n', groups: 2, hits: 1 } },
      { sort: [{ field: 'n', order: 'asc' }] },
      { sort: [{ field: 'n', order: 'desc' }] },
      { groupBy: { field: 'n', groups: 2, hits: 2 } },
      { facets: [{ field: 'n', limit: 2 }] },
      { profile: true },
      { cache: false },
    ]
    for (const change of others) assert.equal((await ask(change)).cached, false, JSON.stringify(change))
    assert.equal(server.searches.length, 1 + others.length)
  })

  it('are not given once searches see another version', async () => {
    await ask({ k: 20 })
    await put([{ id: 'new', text: 'stars dust dust' }])
    const { cached, hits } = await ask({ k: 20 })
    assert.deepEqual([cached, hits.length], [false, 9])
    assert.ok(hits.some(({ id }) => id === 'new'))
  })

  it('were whole', async () => {
    server.claimScored = scored => scored - 1
    const partial = await ask({ minCoverage: 0 })
    assert.ok(partial.coverage.ratio < 1)
    server.claimScored = scored => scored
    const { cached, coverage } = await ask({ minCoverage: 0 })
    assert.deepEqual([cached, coverage.ratio], [false, 1])
  })

  it('are given while no server lives', async () => {
    const { hits } = await ask()
    server.down = true
    assert.deepEqual((await ask()).hits, hits)
  })

  it('take no more memory than they may, the latest stay', async () => {
    parts = { ...parts, answers: new AnswerCache(6_000) }
    const queries = Array.from({ length: 8 }, (_, at) => `stars ${at}`)
    for (const query of queries) await ask({ query })
    assert.equal((await ask({ query: queries.at(-1)! })).cached, true)
    assert.equal((await ask({ query: queries[0]! })).cached, false)
    parts = { ...parts, answers: new AnswerCache(0) }
    await ask()
    assert.equal((await ask()).cached, false)
  })
})
