import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js'
import type { Histogram, Meter } from '@hypershard/common'
import { SearchServiceService } from '@hypershard/proto/search'
import { grpcMetrics } from './metrics.ts'

/** By path; whatever else is called, such as health and reflection, is `other`. */
const methods: ReadonlyMap<string, string> = new Map(
  Object.values(SearchServiceService).map(({ path }) => [path, path.slice(path.lastIndexOf('/') + 1)]),
)

/** Counts each call once, as the HTTP twin is: when its status is sent, or its caller is gone before that. */
export class GrpcMeter {
  readonly #meter: Meter
  readonly #seconds: Histogram<'method' | 'status'>

  constructor(meter: Meter) {
    this.#meter = meter
    this.#seconds = meter.histogram(grpcMetrics.callSeconds)
  }

  /** Stands before all others, so that what those refuse is counted too. */
  get interceptor(): ServerInterceptor {
    return ({ path }, call) => {
      if (!this.#meter.counting) return new ServerInterceptingCall(call)
      const startMs = performance.now()
      let counted = false
      const count = (outcome: string) => {
        if (counted) return
        counted = true
        const labels = { method: methods.get(path) ?? 'other', status: outcome }
        this.#seconds.observe(labels, (performance.now() - startMs) / 1_000)
      }
      return new ServerInterceptingCall(call, {
        start: next =>
          next({
            onCancel: () => count('gone'),
          }),
        sendStatus: (sent, next) => {
          count(status[sent.code] ?? 'UNKNOWN')
          next(sent)
        },
      })
    }
  }
}
