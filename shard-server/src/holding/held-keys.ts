/** What is held goes by: a generation by its index's uid and number, a version of it, a segment of it. */
import type { Manifest, SegmentEntry } from '@hypershard/storage'

export function generationKey({ indexUid, generation }: Manifest): string {
  return `${indexUid}/${generation}`
}

export function versionKey(manifest: Manifest): string {
  return `${generationKey(manifest)}@${manifest.version}`
}

export function segmentKey(manifest: Manifest, entry: SegmentEntry): string {
  return `${generationKey(manifest)}/${entry.digest}`
}
