import { firstGeneration, type GenerationRecord } from '../catalog/generation/generation-record.ts'
import { createIndex, type IndexRecord } from '../catalog/index/index-record.ts'
import { commitSegments } from '../manifest/commit/commit-segments.ts'
import type { SegmentEntry } from '../manifest/manifest.ts'
import { latestManifest } from '../manifest/manifest-store.ts'
import type { StoredDocument } from '../segment/documents-file.ts'
import { createSegmentWriter } from '../segment/segment-writer.ts'
import type { ObjectStore } from '../store/object-store.ts'

export const testModel = { name: 'test-model', digest: 'ab'.repeat(32) }

/** The width of the test index's vectors. */
export const testWidth = 3

export function createTestIndex(store: ObjectStore, shards = 1): Promise<IndexRecord> {
  return createIndex(store, { name: 'papers', model: testModel, vectorWidth: testWidth, shards, replicas: 1 })
}

/** A new index's only generation. */
export async function createTestGeneration(store: ObjectStore, shards = 1): Promise<GenerationRecord> {
  return firstGeneration(await createTestIndex(store, shards))
}

/** A document whose other columns follow from its id and a text. */
export function testDocument(id: string, text = `text of ${id}`, version = 1): StoredDocument {
  return { id, title: `title of ${id}`, text, fields: JSON.stringify({ id }), version }
}

/** Puts documents into a generation of the index `papers`, as one segment. */
export async function putTestDocuments(store: ObjectStore, generation: GenerationRecord, ids: readonly string[]) {
  const segment = await writeTestSegment(
    store,
    ids.map(id => testDocument(id)),
  )
  return commitSegments(store, await latestManifest(store, generation), [segment])
}

/** Writes one segment of the index `papers`; `vectors` is row-major [documents.length, testWidth]. */
export async function writeTestSegment(
  store: ObjectStore,
  documents: readonly StoredDocument[],
  options: { shard?: number; vectors?: Float32Array } = {},
): Promise<SegmentEntry> {
  const { shard = 0, vectors = Float32Array.from({ length: documents.length * testWidth }, (_, index) => index) } =
    options
  const shape = { vectorWidth: testWidth, documents: documents.length }
  const target = { index: 'papers', generation: 1, shard, modelDigest: testModel.digest }
  const writer = await createSegmentWriter(store, { ...target, ...shape })
  await writer.append(documents, vectors)
  return writer.finish()
}
