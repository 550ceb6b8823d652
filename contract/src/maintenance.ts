import { z } from 'zod'
import { count } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'

/** Files that a search may still read are younger than this. */
export const keepMsDefault = 3_600_000

export const collectSchema = z.strictObject({
  dry_run: z.boolean().default(true).describe('Tell what would be deleted, and delete nothing.'),
  keep_ms: z
    .int()
    .min(60_000)
    .default(keepMsDefault)
    .describe('How long a file that nothing needs is kept; longer than any search, cursor or commit takes.'),
})

export const collectedSchema = z.object({ files: count, keys: z.array(z.string()).describe('The first 1,000.') })

export const keysShownMax = 1_000

export const verificationSchema = z.object({
  generation: count,
  manifest_version: count,
  segments: count,
  bytes: count,
  documents: count.describe('Distinct ids that were read.'),
  documents_counted: count.describe('What the manifest says there are.'),
  problems: z.array(z.string()).describe('Nothing when all is well.'),
})

export const asideSchema = z.object({
  documents: z.array(
    z.object({ id: z.string(), title: z.string(), version: count, code: z.string(), message: z.string() }),
  ),
})

export type CollectRequest = Immutable<z.input<typeof collectSchema>>

export type CollectedFiles = Immutable<z.output<typeof collectedSchema>>

export type Verification = Immutable<z.output<typeof verificationSchema>>

/** Documents that could not be encoded. */
export type AsideList = Immutable<z.output<typeof asideSchema>>
