import { type RequestContext, retryOnConflict } from '@hypershard/common'
import {
  commitSegments,
  externalArchitecture,
  type GenerationRecord,
  latestManifest,
  type Manifest,
  readAside,
  readManifest,
  readSlice,
  writeAside,
} from '@hypershard/storage'
import type { IngestParts } from '../ingest/ingest-log.ts'
import { type WrittenSegments, writeSegments } from '../ingest/write-segments.ts'

const commitAttemptsMax = 1_000

/**
 * Copies one slice of the source generation: its documents, encoded with this generation's model,
 * or with the vectors that they came with from outside. Slices are disjoint,
 * so they may be committed in any order; the manifest has which are in, so that one done twice is committed once.
 * @throws HypershardError of the encoder, of the store, `index_not_found`
 */
export async function backfillSlice(
  generation: GenerationRecord,
  slice: number,
  parts: IngestParts,
  context: RequestContext,
): Promise<void> {
  const manifest = await latestManifest(parts.store, generation)
  if (!isMissing(manifest, slice)) return
  const { generation: source, version } = manifest.backfill!
  const { index, indexUid } = generation
  const copied = await readManifest(parts.store, { index, indexUid, generation: source, version })
  // Where vectors come from outside, nothing else could make them again.
  const withVectors = externalArchitecture(generation.model) !== undefined
  const documents = await readSlice(parts.store, copied, slice, { withVectors })
  const encode = (inner: RequestContext) => writeSegments(manifest, documents, parts, inner)
  const { storeMs, ...written } = await context.step('encode', encode)
  const { clock } = context.deadline
  const startMs = clock.monotonicMs()
  const own = await context.step('commit', inner => commitSlice(generation, slice, written, parts, inner))
  const tookMs = storeMs + clock.monotonicMs() - startMs
  parts.onCommitted?.(documents.length)
  if (own) parts.meter?.committed({ ...written, tookMs })
  else parts.meter?.overtaken()
}

/** @returns whether it is this commit that has the slice */
async function commitSlice(
  generation: GenerationRecord,
  slice: number,
  { added, failed }: WrittenSegments,
  { store }: IngestParts,
  context: RequestContext,
): Promise<boolean> {
  return retryOnConflict({ attemptsMax: commitAttemptsMax, deadline: context.deadline }, async () => {
    const current = await latestManifest(store, generation)
    if (!isMissing(current, slice)) {
      const facts = { index: generation.index, generation: generation.generation, slice }
      context.log.info(facts, 'another indexer did this slice')
      return false
    }
    const aside =
      failed.length === 0
        ? current.aside
        : await writeAside(store, current, [...(await readAside(store, current)), ...failed])
    const done = [...current.backfill!.done, slice].sort((a, b) => a - b)
    await commitSegments(store, current, added, { backfill: { ...current.backfill!, done }, aside, disjoint: true })
    return true
  })
}

function isMissing({ backfill }: Manifest, slice: number): boolean {
  return backfill !== null && slice < backfill.slices && !backfill.done.includes(slice)
}
