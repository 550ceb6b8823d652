import { randomUUID } from 'node:crypto'
import { type Clock, HypershardError, systemClock } from '@hypershard/common'
import type { DescribeRequest, DescribeResponse } from '@hypershard/proto/shard'
import { protocolVersion } from '@hypershard/proto/versions'
import { AskingCoordinators, type AskingCount } from './draining/asking-coordinators.ts'
import type { SegmentHolder } from './holding/segment-holder.ts'
import type { ScoringBackend } from './ports.ts'

interface StateParts {
  readonly zone: string
  readonly memoryBytesMax: number
  readonly backend: Pick<ScoringBackend, 'device' | 'kernel' | 'deviceMemory'>
  readonly holder: Pick<SegmentHolder, 'heldBytes'>
  readonly clock?: Clock
}

/** What a shard server says of itself, whether it is draining, and which coordinators need it still. */
export class ServerState {
  readonly #parts: StateParts
  readonly #clock: Clock
  readonly #life = randomUUID()
  readonly #coordinators = new AskingCoordinators()
  #draining = false
  #stopping = false
  #failure: Error | undefined
  /** Told whenever it begins draining, or ends. */
  onDraining: (draining: boolean) => void = () => {}

  constructor(parts: StateParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? systemClock
  }

  /** The server takes calls from now on: before, nobody could ask. */
  serve(): void {
    this.#coordinators.listen(this.#clock.monotonicMs())
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Whether it can take more work. */
  get serving(): boolean {
    return !this.#draining && this.#failure === undefined
  }

  /** It serves nothing any more and ends soon: health checks are answered with this from now on. */
  fail(error: Error): void {
    this.#failure ??= error
  }

  /** @throws what it failed with */
  describe(request: DescribeRequest): DescribeResponse {
    if (this.#failure !== undefined) throw this.#failure
    const knows = this.#draining && request.toldDraining === this.#life
    this.#coordinators.note(request, knows, this.#clock.monotonicMs())
    const { zone, memoryBytesMax, backend, holder } = this.#parts
    return {
      protocolVersion,
      life: this.#life,
      zone,
      device: backend.device,
      memoryBytes: memoryBytesMax,
      memoryFreeBytes: Math.max(0, memoryBytesMax - holder.heldBytes),
      draining: this.#draining,
      kernel: backend.kernel,
      deviceMemory: backend.deviceMemory,
      neededBy: this.#draining ? this.coordinators().needing : 0,
    }
  }

  /** @throws HypershardError `unavailable` while it drains: it serves on, but should be given nothing new; or what it failed with */
  requireReady(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.#draining) return
    const message = 'this shard server is draining; undo it (`hypershard cluster undrain`) or let it end'
    throw new HypershardError('unavailable', message)
  }

  /** @throws HypershardError `unavailable` to undo what the end of the process began */
  setDraining(draining: boolean): void {
    if (this.#stopping && !draining) {
      throw new HypershardError('unavailable', 'this shard server was told to stop and ends soon; start it again')
    }
    if (draining === this.#draining) return
    this.#draining = draining
    this.#coordinators.forgetNeeds()
    this.onDraining(draining)
  }

  /** Drains it for good. */
  stop(): void {
    this.#stopping = true
    this.setDraining(true)
  }

  coordinators(): AskingCount {
    return this.#coordinators.count(this.#clock.monotonicMs())
  }

  /** Whether a coordinator that asks at all would have been heard by now. */
  isQuiet(): boolean {
    return this.#coordinators.isQuiet(this.#clock.monotonicMs())
  }
}
