import { HypershardError, type Logger } from '@hypershard/common'
import {
  type GenerationRecord,
  latestManifest,
  type Manifest,
  mergeSegments,
  type ObjectStore,
  replaceSegments,
} from '@hypershard/segments'
import { type Compaction, planCompaction } from './plan-compaction.ts'

/**
 * Merges the segments that are most worth it, if any. Queries that pin an older manifest go on with the old ones.
 * @returns whether something was done
 * @throws HypershardError of the store, `corrupt_data`
 */
export async function compactGeneration(
  generation: GenerationRecord,
  manifest: Manifest,
  { store, log, segmentsPerTier }: { store: ObjectStore; log: Logger; segmentsPerTier?: number },
): Promise<boolean> {
  const segments = planCompaction(manifest, segmentsPerTier)
  if (segments === undefined) return false
  const startMs = performance.now()
  const committed = await mergeAndReplace(store, generation, manifest, segments)
  const { index } = generation
  const facts = { index, generation: generation.generation, shard: segments[0]!.shard, segments: segments.length }
  if (committed === undefined) log.info(facts, 'another indexer compacted these segments')
  else {
    const tookMs = Math.round(performance.now() - startMs)
    log.info({ ...facts, version: committed.version, tookMs }, 'segments compacted')
  }
  return true
}

/** @returns undefined when the segments are no longer those of the newest manifest, and may be gone */
async function mergeAndReplace(
  store: ObjectStore,
  generation: GenerationRecord,
  manifest: Manifest,
  segments: Compaction,
): Promise<Manifest | undefined> {
  try {
    return await replaceSegments(store, generation, segments, await mergeSegments(store, manifest, segments))
  } catch (error) {
    if (!(error instanceof HypershardError) || error.code !== 'corrupt_data') throw error
    const newest = await latestManifest(store, generation)
    if (segments.every(({ digest }) => newest.segments.some(segment => segment.digest === digest))) throw error
    return undefined
  }
}
