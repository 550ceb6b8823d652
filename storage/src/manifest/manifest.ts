/**
 * `manifest/<version>.json` of a generation: its segments and tombstones at one version. Immutable; a query pins one
 * version and every shard of its answer uses that. Version 0 is the empty manifest and is not stored.
 * docs/formats/manifest.md.
 */
import { type Clock, systemClock } from '@hypershard/common'
import { fieldsSchema, indexNamePattern, lexicalSchema, passagesSchema } from '@hypershard/contract'
import { z } from 'zod'
import type { GenerationReference } from '../layout.ts'
import { sha256Hex } from '../sealed-json.ts'
import { segmentReadSchema } from '../segment/text-read.ts'
import { unreadWritesSchema } from './unread-writes.ts'

/** One immutable version of a generation's segment list. */
export interface ManifestReference extends GenerationReference {
  /** The index's own identity: an index deleted and created again under its name is another one. */
  readonly indexUid: string
  readonly version: number
}

/** A build whose folder has a file; left out of the files that lie in the manifest's own. */
const homeSchema = z.strictObject({ index: z.string().regex(indexNamePattern), generation: z.int().min(1) }).optional()

const segmentEntrySchema = z
  .strictObject({
    digest: sha256Hex,
    home: homeSchema,
    shard: z.int().min(0),
    /** Rows of the segment, deleted ones too. */
    documents: z.int().min(1),
    /** Vectors, one a passage; left out where there is one a row. */
    passages: z.int().min(1).optional(),
    /** All files of the segment. */
    bytes: z.int().min(1),
    /** Rows, deleted ones too, that were longer than the model reads. */
    truncated: z.int().min(0),
    /** How much of its rows, deleted ones too, the model could read; left out where that was not counted. */
    read: segmentReadSchema.optional(),
    /** The digest of the tombstone file and how many rows it marks; null when every row is eligible. */
    deleted: z.strictObject({ digest: sha256Hex, home: homeSchema, count: z.int().min(1) }).nullable(),
    /** SHA-256 of the users' queries that its graph was calibrated with; left out for queries made of documents, or no graph. */
    graphQueries: sha256Hex.optional(),
  })
  .refine(entry => entry.deleted === null || entry.deleted.count < entry.documents, 'no row is left')

/** Everything up to entry `sequence` of the write log, and the first `parts` parts of the entry after it. */
export const positionSchema = z.strictObject({
  sequence: z.int().min(0),
  parts: z.int().min(0),
  /** Of the part after these, where some of it are in. */
  operations: z.int().min(1).optional(),
})

/** A place between two parts of the write log. */
export type LogPosition = Readonly<z.output<typeof positionSchema>>

export function isSamePosition(one: LogPosition, other: LogPosition): boolean {
  return (
    one.sequence === other.sequence && one.parts === other.parts && (one.operations ?? 0) === (other.operations ?? 0)
  )
}

/**
 * The copying of another generation's documents: one version of it is the source, cut into slices; `done` has the
 * numbers of those that are in, ascending. The write log is replayed once all are.
 */
const backfillSchema = z.strictObject({
  generation: z.int().min(1),
  version: z.int().min(0),
  slices: z.int().min(0),
  done: z.array(z.int().min(0)),
})

export type Backfill = Readonly<Omit<z.output<typeof backfillSchema>, 'done'>> & { readonly done: readonly number[] }

/** The file of a sample of document vectors, and their number. */
const sampleSchema = z.strictObject({ digest: sha256Hex, home: homeSchema, documents: z.int().min(1) })

/** The files of a manifest, and what they hold. */
export const manifestFilesSchema = z.strictObject({
  segments: z.array(segmentEntrySchema),
  /** The file with the documents that could not be encoded, and how many there are; null when all could. */
  aside: z.strictObject({ digest: sha256Hex, home: homeSchema, documents: z.int().min(1) }).nullable(),
  /** The range sample: its file's digest and its number of vectors; null while nothing was committed. */
  calibration: sampleSchema.nullable(),
  /** The scale sample, of the same form; left out of generations that began without one. */
  scaleSample: sampleSchema.optional(),
})

export const manifestSchema = z
  .strictObject({
    format: z.literal('hypershard.manifest/2'),
    index: z.string().regex(indexNamePattern),
    indexUid: z.uuid(),
    generation: z.int().min(1),
    version: z.int().min(0),
    modelDigest: sha256Hex,
    vectorWidth: z.int().min(1),
    shards: z.int().min(1),
    /** What searches can filter by; left out for nothing. */
    fields: fieldsSchema.optional(),
    /** How long texts are cut into passages; left out where each document has one vector. */
    passages: passagesSchema.optional(),
    /** How its segments keep words; left out where they do not. */
    lexical: lexicalSchema.optional(),
    /** How much of the write log is in the segments. */
    log: positionSchema,
    /** How much of the source generation is in them; null when there is none. */
    backfill: backfillSchema.nullable(),
    ...manifestFilesSchema.shape,
    /** The newest writes with documents that the model cannot read; left out while there are none. */
    unread: unreadWritesSchema.optional(),
    /** Files, as `filesAt` names them, that are being deleted: no later version may name them. */
    condemned: z.array(z.string()),
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

/** A sample of the generation's document vectors. */
export type VectorSample = NonNullable<Stored['calibration']>

/** Segments keep their place while they are in the list, new ones come last; a hit's address is such a place. */
export type Manifest = Readonly<Omit<Stored, 'segments' | 'backfill'>> & {
  readonly segments: readonly SegmentEntry[]
  readonly backfill: Backfill | null
}

/** The segments, tombstones and so on of a manifest. */
export type ManifestFiles = Pick<Manifest, 'segments' | 'aside' | 'calibration' | 'scaleSample'>

/** What a version may change of the one before it. */
export type ManifestContent = Pick<
  Manifest,
  'segments' | 'log' | 'backfill' | 'aside' | 'calibration' | 'scaleSample' | 'condemned' | 'unread'
>

/** The manifest that follows `current` with this content. */
export function nextManifest(current: Manifest, content: Partial<ManifestContent>, clock: Clock = systemClock) {
  const createdAt = new Date(clock.now()).toISOString()
  return { ...current, ...content, version: current.version + 1, createdAt } satisfies Manifest
}

/** How many documents a complete search scores: of one shard, or of all. */
export function eligibleDocuments({ segments }: Pick<Manifest, 'segments'>, shard?: number): number {
  return segments
    .filter(segment => shard === undefined || segment.shard === shard)
    .reduce((sum, segment) => sum + eligibleIn(segment), 0)
}

/** How many documents of a segment a complete search scores. */
export function eligibleIn({ documents, deleted }: SegmentEntry): number {
  return documents - (deleted?.count ?? 0)
}

/** Whether everything up to entry `sequence` of the write log is in. */
export function covers(manifest: Manifest, sequence: number): boolean {
  return manifest.log.sequence >= sequence && isBackfilled(manifest)
}

/** Whether every document of the source generation is in; so it is when there is none. */
export function isBackfilled({ backfill }: Manifest): boolean {
  return backfill === null || backfill.done.length === backfill.slices
}
