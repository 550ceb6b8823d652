import { HypershardError, type RequestContext } from '@hypershard/common'
import {
  type AsideDocument,
  createSegmentWriter,
  extendUnreadWrites,
  type Manifest,
  newSegmentOf,
  type ObjectStore,
  type SegmentEntry,
  type SegmentWriter,
  type StoredDocument,
  shardOf,
  type UnreadWrite,
  unreadWritesOf,
  wholeText,
} from '@hypershard/storage'
import { type EncodeParts, encodeDocuments } from '../encoding/encode-documents.ts'
import { costOf, hasOwnVector } from '../encoding/encode-pace.ts'
import type { EncodedBatch } from '../encoding/encoded-batch.ts'
import type { RecentTexts } from '../encoding/recent-texts.ts'

export interface WriteParts extends EncodeParts {
  readonly store: ObjectStore
  readonly onEncoded: (documents: number) => void
  /** Texts that are not encoded again; left out, all are. */
  readonly recent?: RecentTexts | undefined
}

export interface WrittenSegments {
  readonly added: readonly SegmentEntry[]
  /** Documents that could not be encoded. */
  readonly failed: readonly AsideDocument[]
  /** Documents that the model cannot read, by the write that put them. */
  readonly unread: readonly UnreadWrite[]
}

/** Documents with their vectors, by shard, and those that have none. */
export interface EncodedShards {
  readonly shards: ReadonlyMap<number, readonly EncodedBatch<StoredDocument>[]>
  readonly failed: readonly AsideDocument[]
  readonly unread: readonly UnreadWrite[]
  /** Of the texts that were really encoded, by `costOf`. */
  readonly cost: number
}

/**
 * Encodes documents and stores one segment for each shard that has any. Nothing sees them before a manifest names them.
 * Memory: the vectors of the documents.
 * @param documents no id twice
 * @throws HypershardError of the encoder, `storage_full`, `storage_failed`
 */
export async function writeSegments(
  manifest: Manifest,
  documents: readonly StoredDocument[],
  parts: WriteParts,
  context: RequestContext,
): Promise<WrittenSegments & { readonly storeMs: number }> {
  const encoded = await encodeShards(manifest, documents, parts, context)
  const { failed, unread } = encoded
  const { clock } = context.deadline
  const startMs = clock.monotonicMs()
  const added = await storeSegments(manifest, encoded, parts.store)
  return { added, failed, unread, storeMs: clock.monotonicMs() - startMs }
}

/** The first half: the documents of a shard are encoded together. @throws HypershardError of the encoder */
export async function encodeShards(
  manifest: Manifest,
  documents: readonly StoredDocument[],
  parts: WriteParts,
  context: RequestContext,
): Promise<EncodedShards> {
  const shards = new Map<number, EncodedBatch<StoredDocument>[]>()
  const failed: AsideDocument[] = []
  let unread: readonly UnreadWrite[] = []
  const groupOf = ({ id }: StoredDocument) => shardOf(id, manifest.shards)
  const { modelDigest } = manifest
  const [texts, vectors] = partition(documents, document => !hasOwnVector(document, modelDigest))
  for (const [shard, own] of Map.groupBy(vectors, groupOf)) {
    shards.set(shard, [batchOfOwn(own, manifest)])
    parts.onEncoded(own.length)
  }
  const left: StoredDocument[] = []
  for (const [shard, own] of Map.groupBy(texts, groupOf)) {
    const known = parts.recent?.find(own, manifest)
    const ids = new Set(known?.documents.map(({ id }) => id))
    left.push(...own.filter(({ id }) => !ids.has(id)))
    if (known === undefined) continue
    unread = extendUnreadWrites(unread, unreadWritesOf(known.documents))
    shards.set(shard, [...(shards.get(shard) ?? []), known])
    parts.onEncoded(known.documents.length)
  }
  // Texts of about a length are encoded together at the least cost.
  const ordered = [...Map.groupBy(left, groupOf).values()].flatMap(own => own.sort((a, b) => costOf(a) - costOf(b)))
  const options = { groupOf, passages: manifest.passages }
  for await (const batch of encodeDocuments(ordered, modelDigest, parts, context, options)) {
    const own = batch.documents.map((document, at) => ({ ...document, read: batch.read[at] }))
    unread = extendUnreadWrites(unread, unreadWritesOf(own))
    parts.onEncoded(batch.documents.length + batch.failures.length)
    failed.push(...batch.failures.map(({ document, failure }) => asideOf(document, failure)))
    const [first] = own
    if (first === undefined) continue
    const shard = groupOf(first)
    const encoded = { ...batch, documents: own }
    parts.recent?.keep(encoded, manifest)
    shards.set(shard, [...(shards.get(shard) ?? []), encoded])
  }
  return { shards, failed, unread, cost: left.reduce((sum, document) => sum + costOf(document), 0) }
}

/** Documents that came with their vectors, as an encoder would have given them. @throws HypershardError `model_mismatch` */
function batchOfOwn(documents: readonly StoredDocument[], manifest: Manifest): EncodedBatch<StoredDocument> {
  const { vectorWidth } = manifest
  const vectors = new Float32Array(documents.length * vectorWidth)
  for (const [row, { vector }] of documents.entries()) {
    if (vector!.values.length !== vectorWidth) throw otherWidth(manifest, vector!.values.length)
    vectors.set(vector!.values, row * vectorWidth)
  }
  // A document's own vector is of all of it.
  const asOne = (document: StoredDocument) => ({ ...document, passages: wholeText(document.text) })
  const cut = manifest.passages === undefined ? documents : documents.map(asOne)
  return { documents: cut, vectors, vectorWidth, truncated: 0, read: [], failures: [] }
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  const parts: [Item[], Item[]] = [[], []]
  for (const item of items) parts[isFirst(item) ? 0 : 1].push(item)
  return parts
}

/** The second half. @throws HypershardError `storage_full`, `storage_failed`, `model_mismatch` */
export async function storeSegments(
  manifest: Manifest,
  { shards }: EncodedShards,
  store: ObjectStore,
): Promise<readonly SegmentEntry[]> {
  const writers: SegmentWriter[] = []
  try {
    for (const [shard, batches] of shards) writers.push(await writeShard(manifest, shard, batches, store))
    // All are sealed before the first is stored: a disk that fills up does so while nothing is in the store yet.
    for (const writer of writers) await writer.seal()
    const added: SegmentEntry[] = []
    for (const writer of writers) added.push(await writer.finish())
    return added
  } finally {
    await Promise.all(writers.map(writer => writer.abort()))
  }
}

async function writeShard(
  manifest: Manifest,
  shard: number,
  batches: readonly EncodedBatch<StoredDocument>[],
  store: ObjectStore,
): Promise<SegmentWriter> {
  const documents = batches.reduce((sum, batch) => sum + batch.documents.length, 0)
  const { vectorWidth } = manifest
  const counted = countPassages(batches)
  // Where no text was cut, the segment is as if none were to be.
  const passages = counted > documents ? counted : undefined
  const writer = await createSegmentWriter(store, { ...newSegmentOf(manifest), shard, documents, passages })
  try {
    for (const batch of batches) {
      if (batch.vectorWidth !== vectorWidth) throw otherWidth(manifest, batch.vectorWidth)
      await writer.append(batch.documents, batch.vectors, batch.truncated)
    }
    return writer
  } catch (error) {
    await writer.abort()
    throw error
  }
}

function countPassages(batches: readonly EncodedBatch<StoredDocument>[]): number {
  return batches.reduce(
    (sum, { documents }) => documents.reduce((own, { passages = [] }) => own + passages.length, sum),
    0,
  )
}

function asideOf({ id, title, text, fields, version }: StoredDocument, failure: HypershardError): AsideDocument {
  return { id, title, text, fields, version, code: failure.code, message: failure.message }
}

function otherWidth({ index, vectorWidth }: Manifest, found: number): HypershardError {
  const message = `index \`${index}\`: a vector of width ${found} came where its model has ${vectorWidth}`
  return new HypershardError('model_mismatch', message, { details: { index, vectorWidth, found } })
}
