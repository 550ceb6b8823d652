/** Traces by OpenTelemetry's SDK, sent by OTLP over HTTP. A process that does not trace never loads this file. */
import { randomUUID } from 'node:crypto'
import { type Logger, noSpan, OutageLog, type Span, type Tracer, type TraceStart } from '@hypershard/common'
import { type Tracer as OtelTracer, type SpanContext, TraceFlags } from '@opentelemetry/api'
import { ExportResultCode, parseTraceParent, TraceState } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { version } from '../build-version.ts'
import { beginSpan } from './open-telemetry-span.ts'
import { UnsampledSpan } from './unsampled-span.ts'

export interface TracerOptions {
  /** As `coordinator`. */
  readonly service: string
  /** Where spans are sent; of an address without a path the collector's usual one is taken, `/v1/traces`. */
  readonly url: string
  /** Of the traces that begin here, how many are recorded, asked for each. Those of others are recorded as these say. */
  readonly samplePercent: () => number
  readonly log: Logger
  /** How long a span waits for others to be sent with. */
  readonly batchMs?: number
  /** For sending one batch, with its repetitions; it is dropped then. */
  readonly sendMsMax?: number
  /** For sending what is left at the end of the process. */
  readonly closeMsMax?: number
}

export interface OpenTracer extends Tracer {
  /** Sends what is left, as far as that goes in a short while. */
  close(): Promise<void>
}

/** Spans that wait to be sent, of about a kilobyte each; those that come on top are dropped. */
const waitingSpansMax = 8_192
const batchSpansMax = 512
const batchMsUsual = 1_000
const sendMsUsual = 5_000
const closeMsUsual = 2_000
const attributeCharactersMax = 1_024

/** Begins to trace. A collector that is away is told of once, and its spans are dropped. */
export function openTracer(options: TracerOptions): OpenTracer {
  const {
    service,
    url,
    samplePercent,
    log,
    batchMs = batchMsUsual,
    sendMsMax = sendMsUsual,
    closeMsMax = closeMsUsual,
  } = options
  const endpoint = endpointOf(url)
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: sendMsMax })
  const processor = new BatchSpanProcessor({
    exporter: tellingExporter(exporter, new OutageLog(`trace collector ${endpoint}`, log)),
    maxQueueSize: waitingSpansMax,
    maxExportBatchSize: batchSpansMax,
    scheduledDelayMillis: batchMs,
    exportTimeoutMillis: 2 * sendMsMax,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `hypershard-${service}`,
      'service.version': version,
      'service.instance.id': randomUUID(),
    }),
    // Whether a trace is recorded was decided before the SDK hears of it.
    sampler: new AlwaysOnSampler(),
    spanLimits: { attributeValueLengthLimit: attributeCharactersMax },
    spanProcessors: [processor],
  })
  const tracer = provider.getTracer('hypershard')
  return {
    start: (name, how) => begin(tracer, name, how, () => Math.random() * 100 < samplePercent()),
    close: () => {
      // What cannot be sent was told by the exporter.
      const sent = provider.shutdown().catch(() => undefined)
      return Promise.race([sent, new Promise<void>(resolve => setTimeout(resolve, closeMsMax).unref())])
    },
  }
}

/**
 * Decides once, at the door, whether a request is recorded. One that is not costs nothing from there on: no span is made
 * of it, and where its caller has no trace other processes are told of none.
 */
function begin(
  tracer: OtelTracer,
  name: string,
  { parent, state, links = [], ...how }: TraceStart,
  isSampled: () => boolean,
): Span {
  const remote = remoteOf(parent, state)
  if (remote === undefined && !isSampled()) return noSpan
  if (remote !== undefined && (remote.traceFlags & TraceFlags.SAMPLED) === 0) {
    return new UnsampledSpan({ ...remote, tracestate: remote.traceState?.serialize() || undefined })
  }
  return beginSpan(tracer, name, { ...how, parent: remote, links: links.flatMap(link => remoteOf(link) ?? []) })
}

/** The span of another process that a `traceparent` names; undefined for one that is malformed. */
function remoteOf(traceparent: string | undefined, tracestate?: string): SpanContext | undefined {
  const named = traceparent === undefined ? null : parseTraceParent(traceparent)
  if (named === null) return undefined
  const state = tracestate === undefined ? undefined : new TraceState(tracestate)
  return { ...named, isRemote: true, ...(state && { traceState: state }) }
}

function endpointOf(url: string): string {
  const endpoint = new URL(url)
  if (endpoint.pathname === '/') endpoint.pathname = '/v1/traces'
  return endpoint.href
}

/** Says when the collector goes away and when it is back. */
function tellingExporter(exporter: SpanExporter, away: OutageLog): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, result => {
        if (result.code === ExportResultCode.SUCCESS) away.works()
        else away.failed(result.error ?? 'unknown reason')
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}
