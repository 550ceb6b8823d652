import type { CatalogEntry } from '../catalog/catalog.ts'

/** An index, or a generation of one, that is divided into shards. */
export interface IndexPlacement {
  readonly uid: string
  readonly shards: number
  readonly replicas: number
}

/** Each generation is placed by itself: it may have another number of shards. */
export function placementOf({ record, generation }: CatalogEntry): IndexPlacement {
  return { uid: generationUid(generation), shards: generation.shards, replicas: record.replicas }
}

/** What a generation is known by where only one word fits; the first is known by its index's. */
export function generationUid({ indexUid, generation }: { indexUid: string; generation: number }): string {
  return generation === 1 ? indexUid : `${indexUid}.${generation}`
}

/** Whether a generation's uid is of this index. */
export function isOfIndex(uid: string, indexUid: string): boolean {
  return uid === indexUid || uid.startsWith(`${indexUid}.`)
}
