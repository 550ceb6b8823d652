import { type Counter, type ErrorCode, HypershardError, type Meter, only } from '@hypershard/common'
import type { KeyRing } from './key-ring.ts'
import { accessMetrics } from './metrics.ts'

/** Where a request comes in. */
export type Transport = 'http' | 'grpc'

/** Failures that are about who asks, or how often. */
const refusals: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'rate_limited']

/** Counts who is not let in, each request once. */
export class AccessMeter {
  readonly #refused: Counter<'transport' | 'code'>
  readonly #failedAttempts: Counter<never>

  /** @param ring undefined where no keys are asked for */
  constructor(meter: Meter, ring: KeyRing | undefined) {
    this.#refused = meter.counter(accessMetrics.refused)
    this.#failedAttempts = meter.counter(accessMetrics.failedAttempts)
    meter.read(accessMetrics.keys, () => only(ring?.known ? ring.size : undefined))
    meter.read(accessMetrics.keysAge, () => only(ring?.ageSeconds))
  }

  /** What a request is answered with; what is no refusal is not counted. */
  answered(transport: Transport, error: unknown): void {
    if (!(error instanceof HypershardError) || !refusals.includes(error.code)) return
    this.#refused.add({ transport, code: error.code })
  }

  failedAttempt(): void {
    this.#failedAttempts.add({})
  }
}
