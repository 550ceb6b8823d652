/** Indexes of pseudo-random vectors in a real store, for tests. */
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
  options: { name: string; width: number; shards: number; fields?: Fields; model?: typeof testModel },
): Promise<Manifest> {
  const { name, width, shards, fields, model = testModel } = options
  return latestManifest(
    store,
    firstGeneration(await createIndex(store, { name, model, vectorWidth: width, shards, replicas: 1, fields })),
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
    const writer = await createSegmentWriter(store, { ...newSegmentOf(manifest), shard, documents: own.length })
    const stored = own.map(({ id }) => ({
      id,
      title: `title of ${id}`,
      text: `text of ${id}`,
      fields: `{"name":"${id}"}`,
      version: 1,
    }))
    const vectors = new Float32Array(own.length * vectorWidth)
    for (const [row, { vector }] of own.entries()) vectors.set(vector, row * vectorWidth)
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
