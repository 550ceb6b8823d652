/**
 * How many documents a search looked at, and how: of a thread, a shard or all shards. Everything that carries these
 * counts extends this one type and is made with the functions below, so that a count is added in one place.
 */
export interface ScanCounts {
  /** Documents that the q-net scored. */
  readonly documentsScored: number
  /** Documents ranked by a tangent of the q-net, the best of which were scored; 0 in the exact plan. */
  readonly documentsScanned: number
  /** Documents of segments searched by graph walk. */
  readonly documentsWalked: number
}

export const nothingScanned: ScanCounts = Object.freeze({ documentsScored: 0, documentsScanned: 0, documentsWalked: 0 })

/** The counts alone of something that carries them among others. */
export function scanCountsOf({ documentsScored, documentsScanned, documentsWalked }: ScanCounts): ScanCounts {
  return { documentsScored, documentsScanned, documentsWalked }
}

export function addScanCounts(one: ScanCounts, other: ScanCounts): ScanCounts {
  return {
    documentsScored: one.documentsScored + other.documentsScored,
    documentsScanned: one.documentsScanned + other.documentsScanned,
    documentsWalked: one.documentsWalked + other.documentsWalked,
  }
}

export function sumScanCounts(counts: readonly ScanCounts[]): ScanCounts {
  return counts.reduce(addScanCounts, nothingScanned)
}
