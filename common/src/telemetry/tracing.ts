/** What is said of a span, beside its name and its time. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/**
 * One step of a request: what it was, when it began and ended, whether it failed. Spans of one request make a tree, also
 * across processes. Where a request is not sampled, and where tracing is off, nothing is recorded and all of this
 * costs nothing.
 */
export interface Span {
  /** 32 hexadecimal digits; empty where nothing is traced. */
  readonly traceId: string
  /**
   * What another process is told so that its spans become children of this one, as W3C has it
   * (https://www.w3.org/TR/trace-context/); undefined where nothing is traced.
   */
  readonly traceparent: string | undefined
  /** Whether anybody will see it: attributes that take work need not be made otherwise. */
  readonly recording: boolean
  child(name: string, attributes?: SpanAttributes): Span
  set(attributes: SpanAttributes): void
  /** Notes why the step failed; it must still be ended. */
  fail(error: unknown): void
  end(): void
}

/** Begins traces, or goes on with those that another process has begun. */
export interface Tracer {
  /**
   * @param parent the `traceparent` that came with the request; one that is malformed is as none
   * @param kind who began: `server` for a request or call that came in, `consumer` for a job
   */
  start(name: string, options: { parent?: string | undefined; kind: 'server' | 'consumer' }): Span
}

/** Nothing is traced. */
export const noSpan: Span = Object.freeze({
  traceId: '',
  traceparent: undefined,
  recording: false,
  child: () => noSpan,
  set: () => {},
  fail: () => {},
  end: () => {},
})

/** Traces nothing: where tracing is off, and in tests. */
export const quietTracer: Tracer = Object.freeze({ start: () => noSpan })
