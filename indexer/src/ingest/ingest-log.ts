import type { Deadline, Logger } from '@hypershard/common'
import { HypershardError } from '@hypershard/common'
import {
  type AsideDocument,
  commitSegments,
  type GenerationRecord,
  isBackfilled,
  latestManifest,
  type Manifest,
  type ObjectStore,
  readAside,
  writeAside,
} from '@hypershard/segments'
import { type LogBatch, readBatch } from './read-batch.ts'
import { type WriteParts, type WrittenSegments, writeSegments } from './write-segments.ts'

export interface IngestParts extends WriteParts {
  readonly log: Logger
}

/** How often a commit is made again because something other than the log's next documents was committed first. */
const commitAttemptsMax = 100

/**
 * read the log from the manifest's checkpoint → encode → write a segment a shard → commit. Whoever else does the same
 * at the same time, exactly one commits: the manifest's next number is the fence, and the checkpoint in it tells the
 * other that its work is done.
 * @returns the newest manifest, and whether there is nothing more in the log
 * @throws HypershardError of the encoder, of the store, `index_not_found`
 */
export async function ingestLog(
  generation: GenerationRecord,
  parts: IngestParts,
  deadline: Deadline,
): Promise<{ manifest: Manifest; caughtUp: boolean }> {
  const manifest = await latestManifest(parts.store, generation)
  if (!isBackfilled(manifest)) return { manifest, caughtUp: true }
  const batch = await readBatch(parts.store, manifest)
  if (batch === undefined) return { manifest, caughtUp: true }
  const written = await writeSegments(manifest, batch.puts, parts, deadline)
  return { manifest: await commitBatch(generation, manifest, batch, written, parts), caughtUp: false }
}

async function commitBatch(
  generation: GenerationRecord,
  base: Manifest,
  batch: LogBatch,
  written: WrittenSegments,
  { store, log }: IngestParts,
): Promise<Manifest> {
  let current = base
  for (let attempt = 1; ; attempt++) {
    try {
      const aside = await asideAfter(store, current, batch, written.failed)
      // The older version of a document that cannot be encoded is not its newest, and goes too.
      const deletedIds = [...batch.deletes, ...written.failed.map(({ id }) => id)]
      return await commitSegments(store, current, written.added, { deletedIds, log: batch.end, aside })
    } catch (error) {
      const again = error instanceof HypershardError && error.code === 'conflict' && attempt < commitAttemptsMax
      if (!again) throw error
      current = await latestManifest(store, generation)
      if (isSamePlace(current, base)) continue
      const facts = { index: base.index, generation: base.generation, log: current.log }
      log.info(facts, 'another indexer committed these documents')
      return current
    }
  }
}

/** The documents set aside, without those that were written again since, and with those that fail now. */
async function asideAfter(
  store: ObjectStore,
  current: Manifest,
  batch: LogBatch,
  failed: readonly AsideDocument[],
): Promise<Manifest['aside']> {
  if (current.aside === null && failed.length === 0) return null
  const written = new Set([...batch.deletes, ...batch.puts.map(({ id }) => id)])
  const kept = (await readAside(store, current)).filter(({ id }) => !written.has(id))
  if (kept.length === current.aside?.documents && failed.length === 0) return current.aside
  return writeAside(store, current, [...kept, ...failed])
}

function isSamePlace(a: Manifest, b: Manifest): boolean {
  return a.log.sequence === b.log.sequence && a.log.parts === b.log.parts
}
