import { compareRank, sumScanCounts } from '@hypershard/common'
import type { ShardScan } from '../ports.ts'

/** Of scans that each searched a part of a shard: the best of all, as if one had searched it whole. */
export function mergeScans(scans: readonly ShardScan[], limit: number): ShardScan {
  return {
    shard: scans[0]!.shard,
    hits: scans
      .flatMap(scan => scan.hits)
      .sort(compareRank)
      .slice(0, limit),
    ...sumScanCounts(scans),
    plan: scans[0]!.plan,
    nonFiniteScores: scans.reduce((sum, scan) => sum + scan.nonFiniteScores, 0),
    beforeCount: scans.reduce((sum, { beforeCount = 0 }) => sum + beforeCount, 0),
    stop: scans.find(scan => scan.stop !== 'complete')?.stop ?? 'complete',
    scoreMs: Math.max(...scans.map(scan => scan.scoreMs)),
  }
}
