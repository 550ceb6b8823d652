import type { Span } from '@hypershard/common'
import type { ScanAnswer } from '../ports.ts'

/**
 * Spans of what threads did: the wait until the first of them began, then each shard's scoring, as the threads measured
 * it. Shards are scored beside each other.
 * @param startMs when the scan was asked for, in milliseconds since the epoch
 */
export function traceScan(trace: Span, { scans, queueMs }: ScanAnswer, startMs: number): void {
  const begunMs = startMs + queueMs
  trace.record('queue', { startMs, endMs: begunMs })
  for (const { shard, plan, scoreMs, stop, ...counts } of scans) {
    trace.record(
      'score',
      { startMs: begunMs, endMs: begunMs + scoreMs },
      {
        'hypershard.shard': shard,
        'hypershard.plan': plan,
        'hypershard.stop': stop,
        'hypershard.scored': counts.documentsScored,
        'hypershard.scanned': counts.documentsScanned,
        'hypershard.walked': counts.documentsWalked,
      },
    )
  }
}
