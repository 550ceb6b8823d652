import type { ServerDescription } from './cluster.ts'

/**
 * One word for how a shard server is. `joining`: it lives, and no shards are placed on it yet. `leaving`: it is named no more
 * and serves on until others have its shards.
 */
export type ServerState = 'live' | 'joining' | 'leaving' | 'draining' | 'down'

type Described = Pick<ServerDescription, 'live' | 'draining' | 'listed' | 'placed_since'>

export function serverStateOf({ live, draining, listed, placed_since }: Described): ServerState {
  if (!live) return 'down'
  if (draining) return 'draining'
  if (!listed) return 'leaving'
  return placed_since === null ? 'joining' : 'live'
}
