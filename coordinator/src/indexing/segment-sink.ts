import { Deadline, HypershardError } from '@hypershard/common'
import {
  commitSegments,
  createSegmentWriter,
  type IndexRecord,
  latestManifest,
  type Manifest,
  type ObjectStore,
  type SegmentEntry,
  type SegmentWriter,
  shardOf,
} from '@hypershard/segments'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import type { ShardWarmer } from '../cluster/shard-warmer.ts'
import { WorkGate } from '../limits/work-gate.ts'
import type { EncoderPort } from '../ports.ts'
import type { CheckedDocument, DocumentSink, SinkOutcome, SinkProgress } from './document-sink.ts'
import { DocumentSpool } from './document-spool.ts'
import { type EncodedBatch, encodeDocuments } from './encode-documents.ts'

export interface SegmentSinkParts {
  readonly store: ObjectStore
  readonly encoder: EncoderPort
  readonly catalog: Catalog
  readonly warmer: ShardWarmer
}

/** How often a commit starts over because another coordinator committed first. */
const commitAttemptsMax = 10

/** Puts of one index that are encoded and wait to commit; more than can be under way at all. */
const commitsWaitingMax = 1_000

/** How long a put waits for shard servers to load what it wrote, before searches must load it themselves. */
const loadMsMax = 60_000

/**
 * Puts documents straight into segments: spool, encode, write one segment a shard, commit, load, publish. Puts of one
 * index encode side by side but commit one after the other; the one that commits later wins an id they share.
 */
export class SegmentSink implements DocumentSink {
  readonly #parts: SegmentSinkParts
  /** By index uid. */
  readonly #commits = new WeakMap<IndexRecord, WorkGate>()

  constructor(parts: SegmentSinkParts) {
    this.#parts = parts
  }

  async write(
    index: CatalogEntry,
    documents: AsyncIterable<CheckedDocument>,
    deadline: Deadline,
    onProgress: (progress: SinkProgress) => void,
  ): Promise<SinkOutcome> {
    const spool = await DocumentSpool.create(this.#parts.store, index.record.shards)
    try {
      for await (const document of documents) await spool.add(document)
      await spool.flush()
      const counts = { indexed: spool.documents, superseded: spool.superseded }
      if (spool.documents === 0) return { ...counts, truncated: 0, manifestVersion: index.manifest.version }
      const { segments, truncated } = await this.#writeSegments(index, spool, deadline, onProgress)
      deadline.check('committing the documents')
      const manifest = await this.#commitGate(index).run(deadline, () => this.#bringIn(index, segments, deadline))
      return { ...counts, truncated, manifestVersion: manifest.version }
    } finally {
      await spool.close()
    }
  }

  async #writeSegments(
    { record }: CatalogEntry,
    spool: DocumentSpool,
    deadline: Deadline,
    onProgress: (progress: SinkProgress) => void,
  ): Promise<{ segments: SegmentEntry[]; truncated: number }> {
    const writers = new Map<number, SegmentWriter>()
    const progress = { encoded: 0, truncated: 0 }
    try {
      for (const [shard, documents] of spool.documentsByShard) {
        const { name: index, generation, vectorWidth } = record
        const segment = { index, generation, shard, documents, vectorWidth, modelDigest: record.model.digest }
        writers.set(shard, await createSegmentWriter(this.#parts.store, segment))
      }
      onProgress({ encoded: 0, total: spool.documents })
      const batches = encodeDocuments(spool.read(deadline), record.model.digest, this.#parts.encoder, deadline)
      for await (const batch of batches) {
        await appendByShard(batch, record.shards, writers)
        progress.encoded += batch.documents.length
        progress.truncated += batch.truncated
        onProgress({ encoded: progress.encoded, total: spool.documents })
      }
      // All are sealed before the first is stored: a disk that fills up does so while nothing is in the store yet. When
      // storing or committing fails nonetheless, stored segments stay, unseen, until the index is deleted: another put
      // may have written the same content, and they could not be told apart.
      for (const writer of writers.values()) await writer.seal()
      const segments: SegmentEntry[] = []
      for (const writer of writers.values()) segments.push(await writer.finish())
      return { segments, truncated: progress.truncated }
    } finally {
      await Promise.all([...writers.values()].map(writer => writer.abort()))
    }
  }

  /** Commits, loads, publishes. */
  async #bringIn({ record }: CatalogEntry, segments: readonly SegmentEntry[], deadline: Deadline): Promise<Manifest> {
    const { catalog, warmer } = this.#parts
    const manifest = await this.#commit(record, segments, deadline)
    try {
      // From here on the documents are in, whoever still waits: the deadline no longer counts.
      await warmer.loadEverywhere({ record, manifest }, Deadline.after(loadMsMax))
    } finally {
      catalog.publish(manifest)
    }
    return manifest
  }

  async #commit(record: IndexRecord, segments: readonly SegmentEntry[], deadline: Deadline): Promise<Manifest> {
    const { store, catalog } = this.#parts
    let current = currentManifest(catalog, record)
    for (let attempt = 1; ; attempt++) {
      deadline.check('committing the documents')
      try {
        return await catalog.alone(record.name, deadline, () => commitSegments(store, current, segments))
      } catch (error) {
        const again = error instanceof HypershardError && error.code === 'conflict' && attempt < commitAttemptsMax
        if (!again) throw error
        current = await latestManifest(store, record)
      }
    }
  }

  #commitGate({ record }: CatalogEntry): WorkGate {
    const known = this.#commits.get(record)
    if (known !== undefined) return known
    const gate = new WorkGate({ work: 'commits of one index', inFlightMax: 1, waitingMax: commitsWaitingMax })
    this.#commits.set(record, gate)
    return gate
  }
}

/** @throws HypershardError `index_not_found`, also when another index has the name by now */
function currentManifest(catalog: Catalog, record: IndexRecord): Manifest {
  const { manifest } = catalog.get(record.name)
  if (manifest.indexUid === record.uid) return manifest
  const message = `index \`${record.name}\` was deleted while documents were put; put them into the new one`
  throw new HypershardError('index_not_found', message, { details: { index: record.name } })
}

async function appendByShard(
  { documents, vectors, vectorWidth }: EncodedBatch,
  shards: number,
  writers: ReadonlyMap<number, SegmentWriter>,
): Promise<void> {
  const rowsByShard = Map.groupBy(documents.keys(), row => shardOf(documents[row]!.id, shards))
  for (const [shard, rows] of rowsByShard) {
    const theirs = new Float32Array(rows.length * vectorWidth)
    for (const [at, row] of rows.entries()) {
      theirs.set(vectors.subarray(row * vectorWidth, (row + 1) * vectorWidth), at * vectorWidth)
    }
    const stored = rows.map(row => documents[row]!)
    await writers.get(shard)!.append(stored, theirs)
  }
}
