import type { Catalog } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { Cluster } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'
import { placementOf } from './placement-of.ts'

/**
 * Whether searches of this coordinator would lack a shard if the server ended now, which another server could hold: one
 * that it has loaded, and no other live server that stays.
 */
export function isNeeded(
  member: ClusterMember,
  { cluster, catalog }: { readonly cluster: Cluster; readonly catalog: Pick<Catalog, 'list'> },
): boolean {
  for (const entry of catalog.list()) {
    const { uid } = placementOf(entry)
    const warm = member.warmShards(uid)
    if (warm.size === 0) continue
    const eligible = eligibleByShard(entry.manifest)
    for (const shard of warm) {
      if (!eligible[shard]) continue
      const others = cluster.warmHoldersOf(uid, entry.manifest.version, shard)
      if (others.some(other => other !== member && !other.draining)) continue
      if (couldMove(member, uid, shard, cluster)) return true
    }
  }
  return false
}

/** Not to a server that drains too: these are in the view where there are no others. */
function couldMove(member: ClusterMember, uid: string, shard: number, cluster: Cluster): boolean {
  return cluster.placeable.some(
    other => other !== member && !other.draining && !cluster.isRefused(uid, shard, other.address),
  )
}
