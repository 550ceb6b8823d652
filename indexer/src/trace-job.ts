import type { RequestContext, Span, SpanAttributes, Tracer } from '@hypershard/common'
import type { Manifest } from '@hypershard/storage'
import type { LogBatch } from './ingest/read-batch.ts'

/**
 * The span of what is taken of a write log for one commit. It belongs to the trace of the first of its writes that is
 * traced, and names the others' spans: small writes are indexed together, and a span has one parent.
 */
export function beginPortion(tracer: Tracer, { index, generation }: Manifest, batch: LogBatch): Span {
  const [parent, ...links] = batch.traceparents
  const span = tracer.start('job', { parent, links, kind: 'consumer' })
  if (span.recording) {
    const counts = { 'hypershard.puts': batch.puts.length, 'hypershard.deletes': batch.deletes.length }
    span.set({ ...factsOf('advance', index, generation), ...counts, 'hypershard.sequence': batch.end.sequence })
  }
  return span
}

/** The same job in a span of its own, which its log names. */
export function inTrace(context: RequestContext, trace: Span): RequestContext {
  return trace.recording ? context.with({ trace, log: context.log.child({ traceId: trace.traceId }) }) : context
}

/** Does work under a span that is there already, and ends it. */
export async function underSpan<Result>(span: Span, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    span.fail(error)
    throw error
  } finally {
    span.end()
  }
}

function factsOf(kind: string, index: string, generation: number): SpanAttributes {
  return { 'hypershard.job': kind, 'hypershard.index': index, 'hypershard.generation': generation }
}
