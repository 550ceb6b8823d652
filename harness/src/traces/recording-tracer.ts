import { randomBytes } from 'node:crypto'
import {
  type ChildKind,
  messageOf,
  type Span,
  type SpanAttributes,
  type Tracer,
  type TraceStart,
} from '@hypershard/common'
import type { SeenSpan } from './seen-span.ts'

/** A tracer that records everything and keeps what has ended, for tests of one process. */
export class RecordingTracer implements Tracer {
  readonly ended: SeenSpan[] = []

  start(name: string, { parent, kind, links = [], attributes }: TraceStart): Span {
    const [, traceId = randomHex(16), parentId = ''] = parent?.split('-') ?? []
    const linked = links.map(link => link.split('-')[2] ?? '')
    return new RecordedSpan(this.ended, { traceId, parentId, name, kind, links: linked }, attributes)
  }
}

type Named = Pick<SeenSpan, 'traceId' | 'parentId' | 'name' | 'kind' | 'links'>

class RecordedSpan implements Span {
  readonly recording = true
  readonly tracestate = undefined
  readonly spanId = randomHex(8)
  readonly #ended: SeenSpan[]
  readonly #named: Named
  readonly #startMs = performance.now()
  #attributes: SpanAttributes
  #failed = false

  constructor(ended: SeenSpan[], named: Named, attributes: SpanAttributes = {}) {
    this.#ended = ended
    this.#named = named
    this.#attributes = attributes
  }

  get traceId(): string {
    return this.#named.traceId
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-01`
  }

  child(name: string, attributes?: SpanAttributes, kind: ChildKind = 'internal'): Span {
    const named = { traceId: this.traceId, parentId: this.spanId, name, kind, links: [] }
    return new RecordedSpan(this.#ended, named, attributes)
  }

  record(name: string, _time: { startMs: number; endMs: number }, attributes?: SpanAttributes): void {
    this.child(name, attributes).end()
  }

  set(attributes: SpanAttributes): void {
    this.#attributes = { ...this.#attributes, ...attributes }
  }

  fail(error: unknown): void {
    this.#failed = true
    this.set({ failure: messageOf(error) })
  }

  end(): void {
    const times = { startMs: this.#startMs, endMs: performance.now() }
    const { spanId } = this
    this.#ended.push({
      ...this.#named,
      spanId,
      service: '',
      ...times,
      attributes: this.#attributes,
      failed: this.#failed,
    })
  }
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
