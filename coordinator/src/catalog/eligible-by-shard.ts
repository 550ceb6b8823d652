import { eligibleIn, type Manifest } from '@hypershard/storage'

/** Every search needs the counts, and a manifest may name thousands of segments: they are added up once. */
const known = new WeakMap<Manifest, readonly number[]>()

/** How many documents of each shard a search of this manifest must score. */
export function eligibleByShard(manifest: Manifest): readonly number[] {
  const before = known.get(manifest)
  if (before !== undefined) return before
  const counts = Array.from({ length: manifest.shards }, () => 0)
  for (const segment of manifest.segments) {
    counts[segment.shard] = (counts[segment.shard] ?? 0) + eligibleIn(segment)
  }
  known.set(manifest, counts)
  return counts
}
