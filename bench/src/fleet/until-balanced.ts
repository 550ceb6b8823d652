import { setTimeout as wait } from 'node:timers/promises'
import type { ClusterDescription } from '@hypershard/contract'
import { Api } from '../load/cluster/api.ts'
import { nowMs } from '../load/measure/window-figures.ts'
import { isBalanced, type Placement, placementOf } from './placement.ts'

const pollMs = 200
/** Balanced for so long is balanced: what moves in waves is not done in between. */
const settledMs = 1_000

export interface Balance {
  readonly placement: Placement
  /** When it was first so, on the clock of `nowMs`. */
  readonly atMs: number
}

export interface Wanted {
  readonly indexes: readonly string[]
  /** Of each index. */
  readonly shards: number
  /** Of each shard. */
  readonly copies: number
  /** What else must be so. */
  readonly accept?: (placement: Placement) => boolean
  /** How long it may take. */
  readonly withinMs: number
}

/**
 * Waits until every coordinator says that each shard is loaded by as many servers as wanted, and nothing else is under
 * way. @returns undefined where that does not come about in time
 */
export async function untilBalanced(origins: readonly string[], wanted: Wanted): Promise<Balance | undefined> {
  const endMs = nowMs() + wanted.withinMs
  let sinceMs: number | undefined
  while (nowMs() < endMs) {
    const placements = await Promise.all(origins.map(origin => placementAt(origin, wanted)))
    const good = placements.every(
      placement =>
        placement !== undefined && isBalanced(placement, wanted.copies) && wanted.accept?.(placement) !== false,
    )
    sinceMs = good ? (sinceMs ?? nowMs()) : undefined
    if (sinceMs !== undefined && nowMs() - sinceMs >= settledMs) return { placement: placements[0]!, atMs: sinceMs }
    await wait(pollMs)
  }
  return undefined
}

/** Undefined where the coordinator does not answer, as while it starts. */
export async function placementAt(
  origin: string,
  { indexes, shards }: Pick<Wanted, 'indexes' | 'shards'>,
): Promise<Placement | undefined> {
  try {
    return placementOf(await new Api(origin).send<ClusterDescription>('GET', '/v1/cluster'), indexes, shards)
  } catch {
    return undefined
  }
}
