/** What is said of a span, beside its name and its time. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** What a span is a part of in another process: nothing, or the call that it made. */
export type ChildKind = 'internal' | 'client'

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
  /** What other tracers have the request carry along, by the same standard; undefined for nothing. */
  readonly tracestate: string | undefined
  /** Whether anybody will see it: attributes that take work need not be made otherwise. */
  readonly recording: boolean
  child(name: string, attributes?: SpanAttributes, kind?: ChildKind): Span
  /**
   * A child that has ended already, measured elsewhere, as in a thread.
   * @param time in milliseconds since the epoch
   */
  record(name: string, time: { readonly startMs: number; readonly endMs: number }, attributes?: SpanAttributes): void
  set(attributes: SpanAttributes): void
  /** Notes why the step failed; it must still be ended. */
  fail(error: unknown): void
  end(): void
}

export interface TraceStart {
  /** The `traceparent` that came with the request; one that is malformed is as none. */
  readonly parent?: string | undefined
  /** The `tracestate` that came with it. */
  readonly state?: string | undefined
  /** Who began: `server` for a request or call that came in, `consumer` for a job. */
  readonly kind: 'server' | 'consumer'
  /** Each the `traceparent` of a span of another trace that this one has to do with. */
  readonly links?: readonly string[]
  readonly attributes?: SpanAttributes
}

/** Begins traces, or goes on with those that another process has begun. */
export interface Tracer {
  start(name: string, options: TraceStart): Span
}

/** Nothing is traced. */
export const noSpan: Span = Object.freeze({
  traceId: '',
  traceparent: undefined,
  tracestate: undefined,
  recording: false,
  child: () => noSpan,
  record: () => {},
  set: () => {},
  fail: () => {},
  end: () => {},
})

/** Traces nothing: where tracing is off, and in tests. */
export const quietTracer: Tracer = Object.freeze({ start: () => noSpan })
