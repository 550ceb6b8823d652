import { HypershardError } from '@hypershard/common'
import type { HoldingPlaces } from './read-segment.ts'

interface Shortage {
  /** Of the segment that does not fit. */
  readonly digest: string
  readonly bytes: number
  readonly heldBytes: number
  readonly memoryBytesMax: number
  readonly vectors: HoldingPlaces['vectors']
}

/** A segment does not fit beside what is held. */
export function noRoom({ digest, bytes, heldBytes, memoryBytesMax, vectors }: Shortage): HypershardError {
  const message =
    `segment ${digest.slice(0, 8)} needs ${bytes} bytes beside ${heldBytes} held, more than this server's ` +
    `${memoryBytesMax}; ${vectors === 'memory' ? 'set HYPERSHARD_SHARD_VECTORS to disk, ' : ''}` +
    'add shard servers or raise HYPERSHARD_SHARD_MEMORY_BYTES'
  return new HypershardError('overloaded', message, { details: { noRoom: true } })
}

/** Whether something was refused because it does not fit beside what is held: it will not fit a moment later either. */
export function isNoRoom(error: unknown): boolean {
  return error instanceof HypershardError && error.details.noRoom === true
}
