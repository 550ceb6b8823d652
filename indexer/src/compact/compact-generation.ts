import { HypershardError, type RequestContext } from '@hypershard/common'
import {
  eligibleIn,
  type GenerationRecord,
  type GraphBuilder,
  graphDocumentsMin,
  latestManifest,
  type Manifest,
  mergeSegments,
  type NamedModel,
  type ObjectStore,
  replaceSegments,
} from '@hypershard/storage'
import type { WorkMeter } from '../indexer-meter.ts'
import type { EncoderPort } from '../ports.ts'
import { CalibratingGraphBuilder } from './calibrating-graph-builder.ts'
import { type Compaction, type CompactionPolicy, calibratedWith, planCompaction } from './plan-compaction.ts'
import { sampleQueries } from './sample-queries.ts'

export interface CompactionParts extends CompactionPolicy {
  readonly store: ObjectStore
  /** Asked for sample queries, where a graph is built. */
  readonly encoder: EncoderPort
  readonly meter?: WorkMeter
}

/**
 * Merges the segments that are most worth it, if any. Queries that pin an older manifest go on with the old ones.
 * @returns whether something was done
 * @throws HypershardError of the store, `corrupt_data`
 */
export async function compactGeneration(
  generation: GenerationRecord,
  manifest: Manifest,
  parts: CompactionParts,
  context: RequestContext,
): Promise<boolean> {
  const { log } = context
  const segments = planCompaction(manifest, parts)
  if (segments === undefined) return false
  const startMs = performance.now()
  const merged = await mergeAndReplace(generation, manifest, segments, parts, context)
  const { index } = generation
  const facts = { index, generation: generation.generation, shard: segments[0]!.shard, segments: segments.length }
  if (merged === undefined) {
    log.info(facts, 'another indexer compacted these segments')
    parts.meter?.overtaken()
  } else {
    const tookMs = performance.now() - startMs
    const { version, documents, graph } = merged
    log.info({ ...facts, version, tookMs: Math.round(tookMs) }, 'segments compacted')
    parts.meter?.compacted({ segments: segments.length, documents, graph, tookMs })
  }
  return true
}

/** @returns undefined when the segments are no longer those of the newest manifest, and may be gone */
async function mergeAndReplace(
  generation: GenerationRecord,
  manifest: Manifest,
  segments: Compaction,
  parts: CompactionParts,
  context: RequestContext,
): Promise<{ readonly version: number; readonly documents: number; readonly graph: boolean } | undefined> {
  const { store } = parts
  try {
    const graph = await graphFor(generation.model, { manifest, segments }, parts, context)
    const merged = await mergeSegments(store, manifest, segments, graph)
    const graphQueries = graph && calibratedWith(parts)
    const entry = merged && graphQueries !== undefined ? { ...merged, graphQueries } : merged
    const committed = await replaceSegments(store, generation, segments, entry)
    if (committed === undefined) return undefined
    return { version: committed.version, documents: merged?.documents ?? 0, graph: graph !== undefined }
  } catch (error) {
    if (!(error instanceof HypershardError) || error.code !== 'corrupt_data') throw error
    const newest = await latestManifest(store, generation)
    if (segments.every(({ digest }) => newest.segments.some(segment => segment.digest === digest))) throw error
    return undefined
  }
}

/** A small segment is read whole faster than a graph is walked. */
async function graphFor(
  model: NamedModel,
  { manifest, segments }: { readonly manifest: Manifest; readonly segments: Compaction },
  { store, encoder, sampleQueries: given, ownSamples, graphDocuments = graphDocumentsMin }: CompactionParts,
  context: RequestContext,
): Promise<GraphBuilder | undefined> {
  const documents = segments.reduce((sum, entry) => sum + eligibleIn(entry), 0)
  if (documents < graphDocuments) return undefined
  const queries = await sampleQueries({ store, encoder }, { manifest, segments, given, ownSamples, model }, context)
  if (queries === undefined) return undefined
  const vectorsMax = segments.reduce((sum, entry) => sum + (entry.passages ?? entry.documents), 0)
  return new CalibratingGraphBuilder({ vectorsMax, width: manifest.vectorWidth }, queries)
}
