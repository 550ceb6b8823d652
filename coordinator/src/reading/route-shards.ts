import type { Manifest } from '@hypershard/storage'
import type { CatalogEntry } from '../catalog/catalog.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { placementAt, placementOf } from '../cluster/placement-of.ts'
import type { Route } from './ask-holders.ts'

/** Whom to ask for shards of an index at one manifest version. */
export function routeShards(
  { entry, manifest }: { readonly entry: CatalogEntry; readonly manifest: Manifest },
  shards: readonly number[],
  cluster: Cluster,
): Route {
  const isOfEntry = manifest.generation === entry.manifest.generation
  const placement = isOfEntry ? placementOf(entry) : placementAt(manifest, entry.record.replicas)
  return new Map(shards.map(shard => [shard, cluster.routeOf(placement, shard, manifest.version)]))
}
