import type { HypershardError } from '@hypershard/common'
import type { GenerationRecord, IndexRecord, Manifest } from '@hypershard/storage'

/** A generation that searches may ask for, and the manifest version that new searches pin. */
export interface CatalogEntry {
  readonly record: IndexRecord
  readonly generation: GenerationRecord
  readonly manifest: Manifest
}

/** An index whose record or manifest is damaged. The others are served; it can be deleted. */
export interface FailedIndex {
  readonly name: string
  readonly failure: HypershardError
}

/** What entries are known by. */
export function keyOf({ indexUid, generation }: { indexUid: string; generation: number }): string {
  return `${indexUid}/${generation}`
}

/** By name of the index, then by generation. */
export function inOrder(entries: readonly CatalogEntry[]): CatalogEntry[] {
  const placed = entries.map(entry => ({ entry, place: placeOf(entry) }))
  return placed.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ entry }) => entry)
}

function placeOf({ record, generation }: CatalogEntry): string {
  return `${record.name}/${String(generation.generation).padStart(10, '0')}`
}
