import { type ChildKind, HypershardError, messageOf, type Span, type SpanAttributes } from '@hypershard/common'
import {
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

const kinds = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
} as const

interface Beginning {
  readonly kind: keyof typeof kinds
  readonly parent: SpanContext | undefined
  readonly links?: readonly SpanContext[]
  readonly attributes?: SpanAttributes | undefined
  readonly startTime?: number
}

/** Begins a span in the trace of its parent, or a trace where it has none. */
export function beginSpan(
  tracer: OtelTracer,
  name: string,
  { kind, parent, links = [], attributes, startTime }: Beginning,
): Span {
  const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
  const options = {
    kind: kinds[kind],
    links: links.map(linked => ({ context: linked })),
    ...(attributes && { attributes }),
    ...(startTime !== undefined && { startTime }),
  }
  return new OpenTelemetrySpan(tracer, tracer.startSpan(name, options, context))
}

/** A span of OpenTelemetry behind our port. */
class OpenTelemetrySpan implements Span {
  readonly #tracer: OtelTracer
  readonly #span: OtelSpan
  readonly recording = true

  constructor(tracer: OtelTracer, span: OtelSpan) {
    this.#tracer = tracer
    this.#span = span
  }

  get traceId(): string {
    return this.#span.spanContext().traceId
  }

  get traceparent(): string {
    const { traceId, spanId } = this.#span.spanContext()
    return `00-${traceId}-${spanId}-01`
  }

  get tracestate(): string | undefined {
    return this.#span.spanContext().traceState?.serialize() || undefined
  }

  child(name: string, attributes?: SpanAttributes, kind: ChildKind = 'internal'): Span {
    return beginSpan(this.#tracer, name, { kind, parent: this.#span.spanContext(), attributes })
  }

  record(name: string, { startMs, endMs }: { startMs: number; endMs: number }, attributes?: SpanAttributes): void {
    const how = { kind: 'internal', parent: this.#span.spanContext(), attributes, startTime: startMs } as const
    const span = beginSpan(this.#tracer, name, how) as OpenTelemetrySpan
    span.#span.end(endMs)
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes)
  }

  fail(error: unknown): void {
    const code = error instanceof HypershardError ? error.code : 'internal'
    this.#span.setAttribute('error.type', code)
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) })
  }

  end(): void {
    this.#span.end()
  }
}
