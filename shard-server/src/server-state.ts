import { randomUUID } from 'node:crypto'
import type { DescribeServerRequest, DescribeServerResponse } from '@hypershard/proto/shard'
import { protocolVersion } from '@hypershard/proto/versions'
import type { SegmentHolder } from './holding/segment-holder.ts'

interface StateParts {
  readonly zone: string
  readonly memoryBytesMax: number
  readonly kernel: string
  readonly holder: Pick<SegmentHolder, 'heldBytes'>
}

/** What a shard server says of itself, and whether it is draining. */
export class ServerState {
  readonly #parts: StateParts
  readonly #life = randomUUID()
  #draining = false

  constructor(parts: StateParts) {
    this.#parts = parts
  }

  describe(_request: DescribeServerRequest): DescribeServerResponse {
    const { zone, memoryBytesMax, kernel, holder } = this.#parts
    return {
      protocolVersion,
      life: this.#life,
      zone,
      device: 'cpu',
      memoryBytes: memoryBytesMax,
      memoryFreeBytes: Math.max(0, memoryBytesMax - holder.heldBytes),
      draining: this.#draining,
      kernel,
    }
  }

  setDraining(draining: boolean): void {
    this.#draining = draining
  }
}
