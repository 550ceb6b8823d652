import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import { writeSegments } from '@hypershard/indexer'
import { commitSegments, createDirectoryStore, type ObjectStore } from '@hypershard/storage'
import { Catalog } from '../catalog/catalog.ts'
import { ModelRegistry } from '../catalog/model-registry.ts'
import { AnswerCache } from '../search/answer-cache.ts'
import { FanOutRecord } from '../search/fan-out-record.ts'
import { PairScores } from '../search/pair-scores.ts'
import { QueryEncoder } from '../search/query-encoder.ts'
import { QueryForms } from '../search/query-forms.ts'
import type { SearchParts } from '../search/search.ts'
import { WordCounts } from '../words/word-counts.ts'
import { clusterOf } from './cluster-of.ts'
import { FakeShardServer } from './fake-shard-server.ts'

export interface TestDocument {
  readonly id: string
  readonly title?: string
  readonly text: string
  /** By name, as JSON. */
  readonly fields?: Readonly<Record<string, unknown>>
}

interface IndexShape {
  readonly name: string
  readonly shards: number
  readonly documents: readonly TestDocument[]
  /** Whether it keeps words, too. */
  readonly lexical?: boolean
}

const soon = () => Deadline.after(10_000)

/** What the flow of a search needs, over real segments in a temporary store and fakes of other processes. */
export class SearchableIndexes {
  readonly parts: SearchParts
  readonly encoder: FakeEncoder
  readonly servers: readonly FakeShardServer[]
  readonly #store: ObjectStore
  readonly #directory: string

  private constructor(directory: string, store: ObjectStore, catalog: Catalog, encoder: FakeEncoder) {
    this.#directory = directory
    this.#store = store
    this.encoder = encoder
    this.servers = ['s0:1', 's1:1'].map(address => new FakeShardServer(address, () => store))
    const cluster = clusterOf(this.servers)
    for (const member of cluster.members) member.markLive()
    this.parts = {
      catalog,
      cluster,
      queryEncoder: new QueryEncoder(encoder, { cacheBytesMax: 1_000_000 }),
      queryForms: new QueryForms('auto'),
      modelKeeper: { mend: () => undefined },
      models: new ModelRegistry(encoder),
      answers: new AnswerCache(1_000_000),
      fanOuts: new FanOutRecord(),
      pairScores: new PairScores(encoder),
      wordCounts: new WordCounts(),
    }
  }

  static async make(): Promise<SearchableIndexes> {
    const directory = await mkdtemp(join(tmpdir(), 'hypershard-searchable-'))
    const store = await createDirectoryStore(directory)
    return new SearchableIndexes(directory, store, await Catalog.load(store), new FakeEncoder())
  }

  /** Every field that documents have is a keyword, or a list of them. */
  async add({ name, shards, documents, lexical }: IndexShape): Promise<void> {
    const values = documents.flatMap(({ fields = {} }) => Object.entries(fields))
    const fields = Object.fromEntries(
      values.map(([field, value]) => [field, { type: 'keyword' as const, list: Array.isArray(value) }]),
    )
    const model = { name: 'words', digest: this.encoder.models[0]!.digest }
    const shape = {
      name,
      shards,
      replicas: 2,
      vectorWidth: 16,
      model,
      fields,
      ...(lexical && { lexical: { analyzer: 'simple' as const } }),
    }
    const entry = await this.parts.catalog.create(shape, soon())
    const stored = documents.map(({ title = '', fields: own = {}, ...document }) => {
      return { ...document, title, fields: JSON.stringify(own), version: 1 }
    })
    const writing = { store: this.#store, encoder: this.encoder, onEncoded: () => undefined }
    const { added } = await writeSegments(entry.manifest, stored, writing, quietContext())
    const manifest = await commitSegments(this.#store, entry.manifest, added)
    this.parts.catalog.publish({ ...entry, manifest })
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}
