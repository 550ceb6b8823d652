import type { Manifest } from '@hypershard/storage'
import type { CatalogEntry } from '../catalog/catalog.ts'
import type { PlacedIndex } from './place-shards.ts'
import { shardBytesOf } from './placement-cost.ts'

/** A generation as placement sees it: each is placed by itself, and may have another number of shards. */
export type IndexPlacement = PlacedIndex

/** An entry's manifest may name thousands of segments: they are added up once. */
const known = new WeakMap<CatalogEntry, IndexPlacement>()

/** How the generation is placed that searches of an entry read. */
export function placementOf(entry: CatalogEntry): IndexPlacement {
  const before = known.get(entry)
  if (before !== undefined) return before
  const { record, manifest } = entry
  const placement = placementAt(manifest, record.replicas)
  known.set(entry, placement)
  return placement
}

/** How a generation is placed at a manifest. */
export function placementAt(manifest: Manifest, replicas: number): IndexPlacement {
  return { uid: generationUid(manifest), replicas, shardBytes: shardBytesOf(manifest) }
}

/** What a generation is known by where only one word fits; the first is known by its index's. */
export function generationUid({ indexUid, generation }: { indexUid: string; generation: number }): string {
  return generation === 1 ? indexUid : `${indexUid}.${generation}`
}

/** Whether a generation's uid is of this index. */
export function isOfIndex(uid: string, indexUid: string): boolean {
  return uid === indexUid || uid.startsWith(`${indexUid}.`)
}
