/**
 * `generations/<n>/progress.json`: what an indexer is doing between two commits. A hint for people: nothing depends on
 * it, and it is replaced about once a second.
 */
import { z } from 'zod'
import { type GenerationReference, progressKey } from '../../layout.ts'
import { parseJson } from '../../sealed-json.ts'
import type { ObjectStore } from '../../store/object-store.ts'

const progressSchema = z.object({
  /** Documents encoded since the last commit. */
  encoded: z.number(),
  /** Documents encoded a second, over the last minute or so. */
  documentsPerSecond: z.number(),
  /** Why indexing does not go on; null while it does. */
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  updatedAt: z.iso.datetime(),
})

export type IndexingProgress = Readonly<z.output<typeof progressSchema>>

export async function writeProgress(
  store: ObjectStore,
  generation: GenerationReference,
  progress: IndexingProgress,
): Promise<void> {
  await store.put(progressKey(generation), Buffer.from(JSON.stringify(progress)))
}

/** Undefined when nobody wrote any, or it cannot be read. */
export async function readProgress(
  store: ObjectStore,
  generation: GenerationReference,
): Promise<IndexingProgress | undefined> {
  const bytes = await store.get(progressKey(generation))
  if (bytes === undefined) return undefined
  try {
    return progressSchema.parse(parseJson(bytes))
  } catch {
    // The file is only a hint: a torn one counts as missing.
    return undefined
  }
}
