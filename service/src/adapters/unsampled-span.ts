import type { Span } from '@hypershard/common'

/**
 * The span of a request whose caller has a trace and does not sample it: nothing is recorded, and other processes are
 * told of the caller's span, as the standard wants of who takes no part (https://www.w3.org/TR/trace-context/). One
 * object, which stands for all steps.
 */
export class UnsampledSpan implements Span {
  readonly traceId: string
  readonly traceparent: string
  readonly tracestate: string | undefined
  readonly recording = false

  constructor({ traceId, spanId, tracestate }: { traceId: string; spanId: string; tracestate: string | undefined }) {
    this.traceId = traceId
    this.traceparent = `00-${traceId}-${spanId}-00`
    this.tracestate = tracestate
  }

  child(): Span {
    return this
  }

  record(): void {}

  set(): void {}

  fail(): void {}

  end(): void {}
}
