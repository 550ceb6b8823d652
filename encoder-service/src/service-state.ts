import { type Clock, HypershardError, memoryLimitBytes, pauseBy } from '@hypershard/common'
import { protocolVersion } from '@hypershard/proto/versions'

/** Whoever follows the service asks it more often than this. */
const askedMsMax = 5_000

/** Whether the service is draining, and whether anybody asks. */
export class ServiceState {
  readonly #clock: Clock
  #draining = false
  #askedAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For who asks whether the service lives. */
  answer(): { protocolVersion: number; draining: boolean } {
    this.#askedAtMs = this.#clock.monotonicMs()
    return { protocolVersion, draining: this.#draining }
  }

  /** For who hears of the service without asking. */
  describe() {
    const memoryBytes = memoryLimitBytes()
    const memoryFreeBytes = Math.max(0, memoryBytes - process.memoryUsage.rss())
    return { zone: '', device: 'cpu', memoryBytes, memoryFreeBytes, protocolVersion, draining: this.#draining }
  }

  /** @throws HypershardError `unavailable` while it drains */
  requireReady(): void {
    if (this.#draining) throw new HypershardError('unavailable', 'this encoder service is draining and ends soon')
  }

  /** Says that it is draining from now on, and waits so long if anybody may ask. */
  async drain(ms: number): Promise<void> {
    this.#draining = true
    if (this.#clock.monotonicMs() - this.#askedAtMs < askedMsMax) await pauseBy(this.#clock, ms)
  }
}
