/** What the server's main thread and its scoring threads say to each other. All plain data, big buffers shared. */

import type { ScanAnswer, ScanRequest, SegmentToHold } from '../ports.ts'

export type HoldMessage = SegmentToHold & { readonly type: 'hold'; readonly call: number }

/** One query's work, the same for every scoring thread. */
export interface ScanTask extends ScanRequest {
  /**
   * Two counters in shared memory, each with the next piece that no thread has claimed: one for shards that are
   * searched exactly, one for the others.
   */
  readonly pieceCounters: Int32Array<SharedArrayBuffer>
}

export type ToScoringThread =
  | HoldMessage
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'scan'; readonly call: number; readonly work: ScanTask }
  | { readonly type: 'cancel'; readonly call: number }
  | { readonly type: 'close' }

/** One thread's share of the answer. For `hold` there are no scans. */
export interface ThreadAnswer extends Pick<ScanAnswer, 'scans'> {
  /** As the whole answer's; undefined when other threads took all pieces. */
  readonly queueMs: number | undefined
}
