import { createHash } from 'node:crypto'
import { compareRank } from '@hypershard/common'
import { embed, FakeEncoder, type Random, scoreOf } from '@hypershard/harness'
import type { KnownVersion } from '@hypershard/harness/invariants'
import { MemoryStore } from '@hypershard/harness/stores'
import type { DocumentAddress } from '@hypershard/proto/shard'
import {
  commitManifest,
  createIndex,
  firstGeneration,
  latestManifest,
  type Manifest,
  type SegmentEntry,
  shardOf,
} from '@hypershard/storage'

export interface CorpusDocument {
  readonly id: string
  readonly text: string
  readonly vector: Float32Array
}

/** A row of one version. */
export interface CorpusRow {
  readonly shard: number
  readonly document: CorpusDocument
  readonly address: DocumentAddress
}

/** The rows of a segment, and from which version on each is deleted. */
interface CorpusSegment {
  readonly digest: string
  readonly shard: number
  readonly rows: readonly CorpusDocument[]
  readonly deleted: Set<number>
}

interface CorpusVersion {
  readonly sequence: number
  readonly rows: readonly CorpusRow[]
  readonly byShard: ReadonlyMap<number, readonly CorpusRow[]>
  readonly byId: ReadonlyMap<string, CorpusRow>
}

const words = ['stars', 'moon', 'sun', 'dust', 'comet', 'orbit', 'ring'] as const

/** About what a document with its vector takes. */
export const documentBytes = 1_000

/**
 * An index with a history of versions in a store: what is in each of them, and what a search of it must find. Only its
 * records and manifests are stored; simulated shard servers read the documents here.
 */
export class Corpus {
  readonly store = new MemoryStore()
  readonly #random: Random
  readonly #versions = new Map<number, CorpusVersion>()
  #segments: CorpusSegment[] = []
  #manifest!: Manifest
  #written = 0

  private constructor(random: Random) {
    this.#random = random
  }

  static async create(random: Random, shape: { shards: number; replicas: number; documents: number }): Promise<Corpus> {
    const corpus = new Corpus(random)
    const model = { name: 'words', digest: new FakeEncoder().models[0]!.digest }
    const { shards, replicas, documents } = shape
    const record = await createIndex(corpus.store, { name: 'papers', model, vectorWidth: 16, shards, replicas })
    corpus.#manifest = await latestManifest(corpus.store, firstGeneration(record))
    await corpus.commit(documents)
    return corpus
  }

  /** The newest entry of the write log that is in the newest version. */
  get sequence(): number {
    return this.#manifest.log.sequence
  }

  get shards(): number {
    return this.#manifest.shards
  }

  get bytes(): number {
    return this.rowsOf(this.#manifest.version).length * documentBytes
  }

  /** Commits a version: so many documents are new, and some of the others are written again or deleted. */
  async commit(added: number): Promise<void> {
    const alive = this.#versions.get(this.#manifest.version)?.rows ?? []
    const gone = alive.filter(() => this.#random.chance(0.1))
    const rewritten = gone.filter(() => this.#random.chance(0.5)).map(({ document }) => document.id)
    const ids = [...rewritten, ...Array.from({ length: added }, () => `d${this.#written++}`)]
    const live = this.#segments
    for (const { address } of gone) live[address.segment]!.deleted.add(address.row)
    const byShard = Map.groupBy(ids, id => shardOf(id, this.shards))
    const fresh = [...byShard].map(([shard, of]) => this.#segmentOf(shard, of))
    for (const { digest } of fresh) {
      const folder = segmentFolder(this.#manifest, digest)
      await this.store.put(`${folder}segment.json`, Buffer.from('{}'))
    }
    this.#segments = [...live.filter(({ rows, deleted }) => deleted.size < rows.length), ...fresh]
    const sequence = this.sequence + 1 + this.#random.below(3)
    const content = { segments: this.#segments.map(entryOf), log: { sequence, parts: 0 } }
    // Known before it can be found.
    this.#versions.set(this.#manifest.version + 1, versionOf(sequence, rowsIn(this.#segments)))
    this.#manifest = await commitManifest(this.store, this.#manifest, content)
  }

  /** The rows of a version, or of one shard of it. */
  rowsOf(version: number, shard?: number): readonly CorpusRow[] {
    const known = this.#versions.get(version) ?? nothing
    return shard === undefined ? known.rows : (known.byShard.get(shard) ?? [])
  }

  /** What a search of a version must find. */
  truthOf(version: number, query: string): KnownVersion {
    const { sequence, rows, byId } = this.#versions.get(version) ?? nothing
    const weights = embed(query)
    const ranked = rows.map(({ document: { id, vector } }) => ({ id, score: scoreOf(weights, vector) }))
    const textOf = (id: string) => byId.get(id)?.document.text ?? ''
    const shard = (id: string) => byId.get(id)?.shard ?? 0
    return { version, sequence, shards: this.shards, shardOf: shard, ranked: ranked.sort(compareRank), textOf }
  }

  #segmentOf(shard: number, ids: readonly string[]): CorpusSegment {
    const rows = ids.map(id => {
      const text = Array.from({ length: 3 }, () => this.#random.pick(words)).join(' ')
      return { id, text: `${text} ${this.#random.below(1_000)}`, vector: embed(text) }
    })
    const digest = createHash('sha256').update(`${this.#random.next()} ${ids}`).digest('hex')
    return { digest, shard, rows, deleted: new Set() }
  }
}

function segmentFolder({ index, generation }: Manifest, digest: string): string {
  return `indexes/${index}/generations/${generation}/segments/${digest}/`
}

function entryOf({ digest, shard, rows, deleted }: CorpusSegment): SegmentEntry {
  const tombstones = createHash('sha256')
    .update([...deleted].join())
    .digest('hex')
  return {
    digest,
    shard,
    documents: rows.length,
    bytes: rows.length * documentBytes,
    truncated: 0,
    deleted: deleted.size === 0 ? null : { digest: tombstones, count: deleted.size },
  }
}

/** Those that are not deleted by now. */
function rowsIn(segments: readonly CorpusSegment[]): CorpusRow[] {
  return segments.flatMap(({ shard, rows, deleted }, segment) =>
    rows.flatMap((document, row) => (deleted.has(row) ? [] : [{ shard, document, address: { segment, row } }])),
  )
}

function versionOf(sequence: number, rows: readonly CorpusRow[]): CorpusVersion {
  const byShard = Map.groupBy(rows, ({ shard }) => shard)
  return { sequence, rows, byShard, byId: new Map(rows.map(row => [row.document.id, row])) }
}

const nothing: CorpusVersion = versionOf(0, [])
