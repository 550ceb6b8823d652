import {
  externalArchitecture,
  type GenerationRecord,
  type GenerationState,
  type Manifest,
  newestOwnSamples,
  type ObjectStore,
} from '@hypershard/storage'
import { graphsWait } from './graphs-wait.ts'
import type { CompactionPolicy } from './plan-compaction.ts'

/** How a generation is to be compacted now. Of one whose vectors come from outside it costs a listing and a read. */
export async function compactionPolicy(
  store: ObjectStore,
  generation: GenerationRecord,
  manifest: Manifest,
  { sampleQueries }: Pick<GenerationState, 'sampleQueries'>,
): Promise<CompactionPolicy> {
  if (externalArchitecture(generation.model) === undefined) return { sampleQueries }
  const ownSamples = await newestOwnSamples(store, generation)
  return { sampleQueries, ownSamples, graphsWait: await graphsWait(store, generation, manifest) }
}
