import { z } from 'zod'
import { count } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'

/**
 * How many documents were looked at, and how: `ScanCounts` of `@hypershard/common` as the API writes it, of one shard in
 * a profile and of all of them in the coverage.
 */
export const scanCountsSchema = z.object({
  documents_scored: count,
  documents_scanned: count,
  documents_walked: count,
})

export type ScanCountsAnswer = Immutable<z.output<typeof scanCountsSchema>>
