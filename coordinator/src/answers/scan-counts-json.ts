import type { ScanCounts } from '@hypershard/common'
import type { scanCountsSchema } from '@hypershard/contract'
import type { z } from 'zod'

export function scanCountsJson(counts: ScanCounts): z.input<typeof scanCountsSchema> {
  return {
    documents_scored: counts.documentsScored,
    documents_scanned: counts.documentsScanned,
    documents_walked: counts.documentsWalked,
  }
}
