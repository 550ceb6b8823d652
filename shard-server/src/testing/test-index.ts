/** Indexes of pseudo-random vectors in a real store, for tests. */
import type { LexicalSettings } from '@hypershard/contract'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import {
  commitSegments,
  createIndex,
  createSegmentWriter,
  DocumentGraph,
  type Fields,
  firstGeneration,
  latestManifest,
  type Manifest,
  newSegmentOf,
  type ObjectStore,
  type RecallKnob,
  shardOf,
} from '@hypershard/storage'

export interface TestDocument {
  readonly id: string
  readonly vector: Float32Array
  /** Of its passages, where the index cuts texts: each is ten characters of the text. */
  readonly vectors?: readonly Float32Array[]
  /** One that names it if left out. */
  readonly text?: string
}

export const testModel = { name: 'test', digest: 'ab'.repeat(32) }

export function testDocuments(count: number, width: number): TestDocument[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `document-${index}`,
    vector: pseudoRandomTensor(index, width, 1),
  }))
}

export async function createTestIndex(
  store: ObjectStore,
  options: {
    name: string
    width: number
    shards: number
    fields?: Fields
    model?: typeof testModel
    passages?: { overlap: number }
    lexical?: LexicalSettings
  },
): Promise<Manifest> {
  const { name, width, shards, fields, passages, lexical, model = testModel } = options
  return latestManifest(
    store,
    firstGeneration(
      await createIndex(store, { name, model, vectorWidth: width, shards, replicas: 1, fields, passages, lexical }),
    ),
  )
}

/** Adds one segment a shard, with a graph and these knobs if there are any, and commits them. */
export async function putTestDocuments(
  store: ObjectStore,
  manifest: Manifest,
  documents: readonly TestDocument[],
  recallKnobs?: readonly RecallKnob[],
): Promise<Manifest> {
  const { vectorWidth } = manifest
  const added = []
  for (const [shard, own] of Map.groupBy(documents, ({ id }) => shardOf(id, manifest.shards))) {
    const isCut = manifest.passages !== undefined
    const all = own.flatMap(({ vector, vectors = [vector] }) => vectors)
    const counts = { documents: own.length, passages: isCut ? all.length : undefined }
    const writer = await createSegmentWriter(store, { ...newSegmentOf(manifest), shard, ...counts })
    const stored = own.map(({ id, vectors = [], text = `text of ${id}` }) => ({
      id,
      title: `title of ${id}`,
      text,
      fields: `{"name":"${id}"}`,
      version: 1,
      ...(isCut && { passages: vectors.map((_, at) => ({ begin: 10 * at, end: 10 * at + 10 })) }),
    }))
    const vectors = new Float32Array(all.length * vectorWidth)
    for (const [row, vector] of all.entries()) vectors.set(vector, row * vectorWidth)
    await writer.append(stored, vectors)
    if (recallKnobs !== undefined) {
      const graph = DocumentGraph.empty(vectorWidth, vectors)
      graph.append(vectors)
      await writer.addGraph({ graph, recallKnobs })
    }
    added.push(await writer.finish())
  }
  return commitSegments(store, manifest, added)
}
