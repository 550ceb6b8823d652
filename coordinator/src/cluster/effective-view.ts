import type { ServerEntry } from '@hypershard/membership'

/** What the effective view asks of one server that the membership source names. */
export interface ListedServer extends ServerEntry {
  readonly live: boolean
  /** It was named after this coordinator began, and has not been seen alive yet. */
  readonly unseen: boolean
  readonly draining: boolean
  /** Undefined while it lives. */
  readonly downSinceMs: number | undefined
}

export interface Grace {
  readonly nowMs: number
  /** How long a server may be away before others load its shards. */
  readonly replaceAfterMs: number
  /** Since when any server lives; undefined while none does. */
  readonly someLiveSinceMs: number | undefined
}

/**
 * The servers that shards are placed on: those that the source names, less those that have just been named and not seen
 * yet, less those that drain, less those that have been away for longer than the grace. Time in which nobody lives does not count: nobody could stand in for anybody, and
 * when all come back the first one must not be given everything. Where nothing is left of the list, whoever lives takes
 * it all, draining or not, and where nobody lives, the list stands as it is.
 */
export function effectiveServers(listed: readonly ListedServer[], grace: Grace): ServerEntry[] {
  const staying = listed.filter(server => !server.unseen && !server.draining && !isGone(server, grace))
  const living = listed.filter(({ live }) => live)
  const chosen = [staying, living, listed].find(servers => servers.length > 0) ?? []
  return chosen.map(({ address, weight, zone }) => ({ address, weight, zone }))
}

function isGone({ downSinceMs }: ListedServer, { nowMs, replaceAfterMs, someLiveSinceMs }: Grace): boolean {
  if (downSinceMs === undefined || someLiveSinceMs === undefined) return false
  return nowMs - Math.max(downSinceMs, someLiveSinceMs) >= replaceAfterMs
}
