import { type Clock, HypershardError, memoryLimitBytes, pauseBy } from '@hypershard/common'
import { protocolVersion } from '@hypershard/proto/versions'

/** Whoever follows the service asks it more often than this. */
const askedMsMax = 5_000

/** Whether the service is draining or has failed, and whether anybody asks. */
export class ServiceState {
  readonly #clock: Clock
  readonly #device: string
  #failure: Error | undefined
  #draining = false
  #askedAtMs = Number.NEGATIVE_INFINITY

  /** @param device that it encodes on */
  constructor(clock: Clock, device: string) {
    this.#clock = clock
    this.#device = device
  }

  get device(): string {
    return this.#device
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** It encodes nothing any more and ends soon: whoever asks is answered with this from now on. */
  fail(error: Error): void {
    this.#failure ??= error
  }

  /** For who asks whether the service lives. @throws what it failed with */
  answer(): { protocolVersion: number; draining: boolean } {
    if (this.#failure !== undefined) throw this.#failure
    this.#askedAtMs = this.#clock.monotonicMs()
    return { protocolVersion, draining: this.#draining }
  }

  /** For who hears of the service without asking. */
  describe() {
    const memoryBytes = memoryLimitBytes()
    const memoryFreeBytes = Math.max(0, memoryBytes - process.memoryUsage.rss())
    return { zone: '', device: this.#device, memoryBytes, memoryFreeBytes, protocolVersion, draining: this.#draining }
  }

  /** @throws HypershardError `unavailable` while it drains; or what it failed with */
  requireReady(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#draining) throw new HypershardError('unavailable', 'this encoder service is draining and ends soon')
  }

  /** Says that it is draining from now on, and waits so long if anybody may ask. */
  async drain(ms: number): Promise<void> {
    this.#draining = true
    if (this.#clock.monotonicMs() - this.#askedAtMs < askedMsMax) await pauseBy(this.#clock, ms)
  }
}
