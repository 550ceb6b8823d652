import type { RequestContext } from '@hypershard/common'
import type { BatchedAnswer } from './batching/dynamic-batcher.ts'

/** Spans of the wait for a batch, and of the batch that the last of the texts was in. */
export function traceBatch({ queueMs, runMs }: BatchedAnswer<unknown>, { trace, deadline }: RequestContext): void {
  if (!trace.recording) return
  const endMs = deadline.clock.now()
  trace.record('queue', { startMs: endMs - runMs - queueMs, endMs: endMs - runMs })
  trace.record('encode', { startMs: endMs - runMs, endMs })
}
