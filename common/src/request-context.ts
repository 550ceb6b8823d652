import type { Logger } from './logging.ts'
import { anyone, type Principal } from './principal.ts'
import { type ChildKind, noSpan, type Span, type SpanAttributes } from './telemetry/tracing.ts'
import type { Deadline } from './time/deadline.ts'

interface ContextParts {
  readonly deadline: Deadline
  readonly log: Logger
  readonly requestId?: string
  readonly trace?: Span
  readonly principal?: Principal
}

/**
 * What every step of one request, or of one job, needs to know of it: how much time is left and who may have gone, who
 * asks, where to tell what happens, and which span of its trace it is in. Made once at the door (HTTP route, gRPC
 * handler, job) and passed down through the flow; frozen, so that a step with less time, or with a span of its own, has a
 * context of its own. What several requests share (caches, locks, gates) takes a deadline: it needs time alone.
 * @example
 * ```ts
 * const context = new RequestContext({ deadline: Deadline.after(2_000, { signal }), log: log.child({ route }) })
 * const found = await context.earlier(100).step('fan out', inner => fanOut(query, inner)) // 100 ms for what comes after
 * context.deadline.check('fetching texts')
 * ```
 */
export class RequestContext {
  readonly deadline: Deadline
  /** Each of its lines has the facts of the request. */
  readonly log: Logger
  /** What answers, log lines and other processes call the request by; empty for work that nobody asked for. */
  readonly requestId: string
  /** The span that the work of whoever has this context belongs to. */
  readonly trace: Span
  /** Who asks. */
  readonly principal: Principal

  constructor({ deadline, log, requestId = '', trace = noSpan, principal = anyone }: ContextParts) {
    this.deadline = deadline
    this.log = log
    this.requestId = requestId
    this.trace = trace
    this.principal = principal
    Object.freeze(this)
  }

  /** The same request with `ms` milliseconds less, to leave room for what comes after a step. */
  earlier(ms: number): RequestContext {
    return this.with({ deadline: this.deadline.earlier(ms) })
  }

  /** The same request, which ends `ms` milliseconds from now unless it ends sooner. */
  within(ms: number): RequestContext {
    return this.with({ deadline: this.deadline.within(ms) })
  }

  /** The same request, cancelled by this signal as well. */
  withSignal(signal: AbortSignal): RequestContext {
    return this.with({ deadline: this.deadline.withSignal(signal) })
  }

  /** The same request with other parts. */
  with(parts: Partial<ContextParts>): RequestContext {
    const { deadline, log, requestId, trace, principal } = this
    return new RequestContext({ deadline, log, requestId, trace, principal, ...parts })
  }

  /** Does a step of the request under a span of its own, which ends with it and tells when it failed. */
  async step<Result>(
    name: string,
    work: (context: RequestContext) => Promise<Result>,
    attributes?: SpanAttributes,
    kind?: ChildKind,
  ): Promise<Result> {
    if (!this.trace.recording) return work(this)
    const trace = this.trace.child(name, attributes, kind)
    try {
      return await work(this.with({ trace }))
    } catch (error) {
      trace.fail(error)
      throw error
    } finally {
      trace.end()
    }
  }
}
