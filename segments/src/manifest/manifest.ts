/**
 * `manifest/<version>.json` of a generation: its segments and tombstones at one version. Immutable; a query pins one
 * version and every shard of its answer uses that. Version 0 is the empty manifest and is not stored.
 * docs/formats/manifest.md.
 */
import { type Clock, systemClock } from '@hypershard/common'
import { z } from 'zod'
import { type IndexRecord, indexNamePattern } from '../index/index-record.ts'
import type { GenerationReference } from '../layout.ts'
import { sha256Hex } from '../sealed-json.ts'

/** One immutable version of a generation's segment list. */
export interface ManifestReference extends GenerationReference {
  /** The index's own identity: an index deleted and created again under its name is another one. */
  readonly indexUid: string
  readonly version: number
}

const segmentEntrySchema = z
  .strictObject({
    digest: sha256Hex,
    shard: z.int().min(0),
    /** Rows of the segment, deleted ones too. */
    documents: z.int().min(1),
    /** All files of the segment. */
    bytes: z.int().min(1),
    /** The digest of the tombstone file and how many rows it marks; null when every row is eligible. */
    deleted: z.strictObject({ digest: sha256Hex, count: z.int().min(1) }).nullable(),
  })
  .refine(entry => entry.deleted === null || entry.deleted.count < entry.documents, 'no row is left')

export const manifestSchema = z
  .strictObject({
    format: z.literal('hypershard.manifest/1'),
    index: z.string().regex(indexNamePattern),
    indexUid: z.uuid(),
    generation: z.int().min(1),
    version: z.int().min(0),
    modelDigest: sha256Hex,
    vectorWidth: z.int().min(1),
    shards: z.int().min(1),
    segments: z.array(segmentEntrySchema),
    /** The digest of the calibration file and its number of vectors; null while nothing was committed. */
    calibration: z.strictObject({ digest: sha256Hex, documents: z.int().min(1) }).nullable(),
    createdAt: z.iso.datetime(),
  })
  .refine(({ segments, shards }) => segments.every(({ shard }) => shard < shards), 'a segment of no shard')
  .refine(
    ({ segments }) => new Set(segments.map(({ digest }) => digest)).size === segments.length,
    'a segment stands twice',
  )

type Stored = z.output<typeof manifestSchema>

/** A segment in a manifest. */
export type SegmentEntry = Readonly<Stored['segments'][number]>

/** The generation's sample of document vectors. */
export type Calibration = NonNullable<Stored['calibration']>

/** Segments keep their place while they are in the list, new ones come last; a hit's address is such a place. */
export type Manifest = Readonly<Omit<Stored, 'segments'>> & { readonly segments: readonly SegmentEntry[] }

/** The manifest of an index that nothing was committed to yet. */
export function emptyManifest(index: IndexRecord): Manifest {
  return {
    format: 'hypershard.manifest/1',
    index: index.name,
    indexUid: index.uid,
    generation: index.generation,
    version: 0,
    modelDigest: index.model.digest,
    vectorWidth: index.vectorWidth,
    shards: index.shards,
    segments: [],
    calibration: null,
    createdAt: index.createdAt,
  }
}

/** The manifest that follows `current` with these segments. */
export function nextManifest(current: Manifest, segments: readonly SegmentEntry[], clock: Clock = systemClock) {
  const createdAt = new Date(clock.now()).toISOString()
  return { ...current, version: current.version + 1, segments: [...segments], createdAt } satisfies Manifest
}

/** How many documents a complete search scores: of one shard, or of all. */
export function eligibleDocuments(manifest: Manifest, shard?: number): number {
  return manifest.segments
    .filter(segment => shard === undefined || segment.shard === shard)
    .reduce((sum, segment) => sum + segment.documents - (segment.deleted?.count ?? 0), 0)
}
