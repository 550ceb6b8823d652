import type { Logger } from '@hypershard/common'
import {
  type GenerationRecord,
  type Manifest,
  mergeSegments,
  type ObjectStore,
  replaceSegments,
} from '@hypershard/segments'
import { planCompaction } from './plan-compaction.ts'

/**
 * Merges the segments that are most worth it, if any. Queries that pin an older manifest go on with the old ones.
 * @returns whether something was done
 * @throws HypershardError of the store, `corrupt_data`
 */
export async function compactGeneration(
  generation: GenerationRecord,
  manifest: Manifest,
  { store, log }: { store: ObjectStore; log: Logger },
): Promise<boolean> {
  const segments = planCompaction(manifest)
  if (segments === undefined) return false
  const startMs = performance.now()
  const merged = await mergeSegments(store, manifest, segments)
  const committed = await replaceSegments(store, generation, segments, merged)
  const { index } = generation
  const facts = { index, generation: generation.generation, shard: segments[0]!.shard, segments: segments.length }
  if (committed === undefined) log.info(facts, 'another indexer compacted these segments')
  else {
    const tookMs = Math.round(performance.now() - startMs)
    log.info({ ...facts, documents: merged?.documents ?? 0, version: committed.version, tookMs }, 'segments compacted')
  }
  return true
}
