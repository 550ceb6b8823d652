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
} from '@hypershard/storage'
import { type EncodeParts, encodeDocuments } from '../encoding/encode-documents.ts'
import type { EncodedBatch } from '../encoding/encoded-batch.ts'

export interface WriteParts extends EncodeParts {
  readonly store: ObjectStore
  readonly onEncoded: (documents: number) => void
}

export interface WrittenSegments {
  readonly added: readonly SegmentEntry[]
  /** Documents that could not be encoded. */
  readonly failed: readonly AsideDocument[]
  /** Documents that the model cannot read, by the write that put them. */
  readonly unread: readonly UnreadWrite[]
}

/**
 * Encodes documents and stores one segment for each shard that has any. Nothing sees them before a manifest names them.
 * Memory: the vectors of one shard's documents.
 * @param documents no id twice
 * @throws HypershardError of the encoder, `storage_full`, `storage_failed`
 */
export async function writeSegments(
  manifest: Manifest,
  documents: readonly StoredDocument[],
  parts: WriteParts,
  context: RequestContext,
): Promise<WrittenSegments> {
  const writers: SegmentWriter[] = []
  const failed: AsideDocument[] = []
  let unread: readonly UnreadWrite[] = []
  try {
    for (const [shard, own] of Map.groupBy(documents, ({ id }) => shardOf(id, manifest.shards))) {
      const batches: EncodedBatch<StoredDocument>[] = []
      for await (const batch of encodeDocuments(own, manifest.modelDigest, parts, context)) {
        const own = batch.documents.map((document, at) => ({ ...document, read: batch.read[at] }))
        batches.push({ ...batch, documents: own })
        unread = extendUnreadWrites(unread, unreadWritesOf(own))
        parts.onEncoded(batch.documents.length + batch.failures.length)
        failed.push(...batch.failures.map(({ document, failure }) => asideOf(document, failure)))
      }
      const writer = await writeShard(manifest, shard, batches, parts.store)
      if (writer !== undefined) writers.push(writer)
    }
    // All are sealed before the first is stored: a disk that fills up does so while nothing is in the store yet.
    for (const writer of writers) await writer.seal()
    const added: SegmentEntry[] = []
    for (const writer of writers) added.push(await writer.finish())
    return { added, failed, unread }
  } finally {
    await Promise.all(writers.map(writer => writer.abort()))
  }
}

/** @returns undefined when no document of the shard could be encoded */
async function writeShard(
  manifest: Manifest,
  shard: number,
  batches: readonly EncodedBatch<StoredDocument>[],
  store: ObjectStore,
): Promise<SegmentWriter | undefined> {
  const documents = batches.reduce((sum, batch) => sum + batch.documents.length, 0)
  if (documents === 0) return undefined
  const { vectorWidth } = manifest
  const writer = await createSegmentWriter(store, { ...newSegmentOf(manifest), shard, documents })
  try {
    for (const batch of batches) {
      if (batch.documents.length === 0) continue
      if (batch.vectorWidth !== vectorWidth) throw otherWidth(manifest, batch.vectorWidth)
      await writer.append(batch.documents, batch.vectors, batch.truncated)
    }
    return writer
  } catch (error) {
    await writer.abort()
    throw error
  }
}

function asideOf({ id, title, text, fields, version }: StoredDocument, failure: HypershardError): AsideDocument {
  return { id, title, text, fields, version, code: failure.code, message: failure.message }
}

function otherWidth({ index, vectorWidth }: Manifest, found: number): HypershardError {
  const message = `index \`${index}\`: the encoder gave vectors of width ${found} where its model has ${vectorWidth}`
  return new HypershardError('model_mismatch', message, { details: { index, vectorWidth, found } })
}
