import type { Logger } from './logging.ts'
import type { Deadline } from './time/deadline.ts'

/**
 * What every step of one request, or of one job, needs to know of it: how much time is left and who may have gone, and
 * where to tell what happens. Made once at the door (HTTP route, gRPC handler, job) and passed down through the flow;
 * frozen, so that a step with less time has a context of its own. What several requests share (caches, locks, gates,
 * clients) takes a deadline: it needs time alone. The trace of the request and the principal that it comes from will
 * stand here too once there are any.
 * @example
 * ```ts
 * const context = new RequestContext({ deadline: Deadline.after(2_000, { signal }), log: log.child({ route }) })
 * const found = await fanOut(query, context.earlier(100)) // leaves 100 ms for what comes after
 * context.deadline.check('fetching texts')
 * ```
 */
export class RequestContext {
  readonly deadline: Deadline
  /** Each of its lines has the facts of the request. */
  readonly log: Logger

  constructor({ deadline, log }: { readonly deadline: Deadline; readonly log: Logger }) {
    this.deadline = deadline
    this.log = log
    Object.freeze(this)
  }

  /** The same request with `ms` milliseconds less, to leave room for what comes after a step. */
  earlier(ms: number): RequestContext {
    return this.#until(this.deadline.earlier(ms))
  }

  /** The same request, which ends `ms` milliseconds from now unless it ends sooner. */
  within(ms: number): RequestContext {
    return this.#until(this.deadline.within(ms))
  }

  /** The same request, cancelled by this signal as well. */
  withSignal(signal: AbortSignal): RequestContext {
    return this.#until(this.deadline.withSignal(signal))
  }

  #until(deadline: Deadline): RequestContext {
    return new RequestContext({ deadline, log: this.log })
  }
}
