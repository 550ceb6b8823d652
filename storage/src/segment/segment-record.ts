/**
 * `segment.json`: what a segment holds and the SHA-256 and length of each of its files. A segment is named by the
 * SHA-256 of this file and it is stored last, so that a segment exists whole or not at all. docs/formats/segment.md.
 */
import { hash } from 'node:crypto'
import { z } from 'zod'
import { corruptData, decodeStored, shortDigest } from '../corrupt-data.ts'
import { type SegmentReference, segmentRecordKey } from '../layout.ts'
import { checkShape, parseJson, sha256Hex } from '../sealed-json.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { recallKnobsSchema } from './graph/recall-knobs.ts'
import { segmentReadSchema } from './text-read.ts'

export const recordName = 'segment.json'
export const vectorsName = 'vectors.safetensors'
export const idsName = 'ids.arrow'
export const documentsName = 'documents.arrow'
/** Only where the index has fields. */
export const columnsName = 'columns.arrow'
/** Only where the index cuts texts into passages. */
export const passagesName = 'passages.arrow'
/** Only where it has documents enough to be worth it. */
export const graphName = 'graph.usearch'

/** Only where the index is searched by words too. */
export const lexicalName = 'lexical.safetensors'

export type SegmentFileName =
  | typeof vectorsName
  | typeof idsName
  | typeof documentsName
  | typeof columnsName
  | typeof passagesName
  | typeof graphName
  | typeof lexicalName

const fileSchema = z.strictObject({ sha256: sha256Hex, bytes: z.int().min(1) })

/** A file's SHA-256 (hex) and length. */
export type FileSeal = Readonly<z.output<typeof fileSchema>>

const recordSchema = z.strictObject({
  format: z.literal('hypershard.segment/2'),
  shard: z.int().min(0),
  documents: z.int().min(1),
  /** Vectors, one a passage; left out where there is one a document. */
  passages: z.int().min(1).optional(),
  vectorWidth: z.int().min(1),
  modelDigest: sha256Hex,
  /** Documents longer than the model reads; their vectors are of their beginning. */
  truncated: z.int().min(0),
  /** How much of its documents the model could read; left out by those written before it was counted. */
  read: segmentReadSchema.optional(),
  /** Rows of each record batch of documents.arrow; the last may have fewer. */
  documentsPerBatch: z.int().min(1),
  /**
   * Drawn anew for each writing, so that no digest ever comes back: whoever deletes an unused segment cannot hit a
   * newer one with the same documents.
   */
  writeId: z.uuid(),
  files: z.strictObject({
    [vectorsName]: fileSchema,
    [idsName]: fileSchema,
    [documentsName]: fileSchema,
    [columnsName]: fileSchema.optional(),
    [passagesName]: fileSchema.optional(),
    [graphName]: fileSchema.optional(),
    [lexicalName]: fileSchema.optional(),
  }),
  /** Of its graph. */
  recallKnobs: recallKnobsSchema.optional(),
})

export type SegmentRecord = Readonly<z.output<typeof recordSchema>>

export function encodeSegmentRecord(record: SegmentRecord): { bytes: Uint8Array; digest: string } {
  const bytes = new TextEncoder().encode(`${JSON.stringify(recordSchema.parse(record), null, 2)}\n`)
  return { bytes, digest: hash('sha256', bytes, 'hex') }
}

/** How error messages call a segment. */
export function segmentTitle(segment: SegmentReference): string {
  return `segment ${shortDigest(segment.digest)}`
}

/** @throws HypershardError `corrupt_data` */
export async function readSegmentRecord(store: ObjectStore, segment: SegmentReference): Promise<SegmentRecord> {
  const where = segmentTitle(segment)
  const details = { ...segment, file: recordName }
  const bytes = await store.get(segmentRecordKey(segment))
  if (bytes === undefined) throw corruptData(where, `${recordName} is missing`, details)
  if (hash('sha256', bytes, 'hex') !== segment.digest) {
    throw corruptData(where, `${recordName} is altered (its SHA-256 is not the segment's digest)`, details)
  }
  return decodeStored(where, recordName, details, () => checkShape(recordSchema, parseJson(bytes)))
}
