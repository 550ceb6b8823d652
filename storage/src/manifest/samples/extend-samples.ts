import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { textAt } from '../../segment/formats/utf8-column.ts'
import { openSegment, type SegmentReader } from '../../segment/segment-reader.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { Manifest, SegmentEntry, VectorSample } from '../manifest.ts'
import { segmentAt } from '../manifest-files.ts'
import { readSample, writeSample } from './sample-files.ts'

/** Rows of a full sample: the extremes of activations settle with a few dozen, and a query pays for each. */
export const rangeSampleRowsMax = 64

/**
 * Rows of a full scale sample: one block, which a query scores by each of its leaves. On three collections, nDCG@10 of composed
 * queries came within 1.3 % of what the scale of the whole collection gives with 256 rows, and mostly within 0.5 % with 1,024;
 * with 64 it lost up to 6 %. On one of few subjects, which a part of it says little about, 256 of 448 rows lost 5 %.
 */
export const scaleSampleRowsMax = 512

/** Ids hashed before other work gets a turn: about 5 ms. */
const idsPerTurn = 4096

interface Candidate {
  readonly reader: SegmentReader
  readonly row: number
  readonly order: string
}

/**
 * The samples of the manifest that follows `current`: grown from the added documents until they are full, then unchanged
 * for the generation's life, so that int8 scores and scales do not change from one version to the next. Which rows are
 * taken depends on the ids alone (the smallest SHA-256), not on how many shards they were spread over.
 */
export async function extendSamples(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
): Promise<Pick<Manifest, 'calibration' | 'scaleSample'>> {
  const { calibration, scaleSample = null } = current
  const rowsWanted = rangeSampleRowsMax - (calibration?.documents ?? 0)
  const scaleRowsWanted = keepsScaleSample(current) ? scaleSampleRowsMax - (scaleSample?.documents ?? 0) : 0
  const samplesOf = (ranges: VectorSample | null, scales: VectorSample | null) => ({
    calibration: ranges,
    ...(scales !== null && { scaleSample: scales }),
  })
  if (Math.max(rowsWanted, scaleRowsWanted) === 0 || added.length === 0) return samplesOf(calibration, scaleSample)
  const chosen = await smallestHashes(store, current, added, Math.max(rowsWanted, scaleRowsWanted))
  const rows = await Promise.all(chosen.map(readFirstVector))
  return samplesOf(
    await extendSample(store, current, calibration, rows.slice(0, rowsWanted)),
    await extendSample(store, current, scaleSample, rows.slice(0, scaleRowsWanted)),
  )
}

/**
 * Generations have one from their first commit on, or never. Only of what versions before cannot read anyway do they
 * begin one: those refuse a manifest with a member that they do not know.
 */
function keepsScaleSample({ scaleSample, calibration, passages, lexical }: Manifest): boolean {
  return scaleSample !== undefined || (calibration === null && (passages !== undefined || lexical !== undefined))
}

async function extendSample(
  store: ObjectStore,
  current: Manifest,
  sample: VectorSample | null,
  rows: readonly Float32Array[],
): Promise<VectorSample | null> {
  if (rows.length === 0) return sample
  const { vectorWidth } = current
  const known = await readSample(store, current, sample)
  const vectors = new Float32Array(known.length + rows.length * vectorWidth)
  vectors.set(known)
  for (const [index, row] of rows.entries()) vectors.set(row, known.length + index * vectorWidth)
  const digest = await writeSample(store, current, vectors, vectorWidth)
  return { digest, documents: vectors.length / vectorWidth }
}

/** A document's, or that of its first passage. */
async function readFirstVector({ reader, row }: Candidate): Promise<Float32Array> {
  const passages = await reader.loadPassages()
  return reader.readVector(passages?.starts[row] ?? row)
}

async function smallestHashes(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
  wanted: number,
): Promise<Candidate[]> {
  let chosen: Candidate[] = []
  /** Only an id that hashes to less can still be chosen; undefined until enough have been. */
  let bound: string | undefined
  const keepSmallest = () => {
    chosen = chosen.sort((a, b) => (a.order < b.order ? -1 : 1)).slice(0, wanted)
    bound = chosen[wanted - 1]?.order
  }
  for (const entry of added) {
    const reader = await openSegment(store, segmentAt(current, entry))
    const ids = await reader.loadIds()
    for (let row = 0; row < reader.documents; row++) {
      const order = hash('sha256', textAt(ids, row), 'hex')
      if (bound === undefined || order < bound) {
        chosen.push({ reader, row, order })
        if (chosen.length > 2 * wanted) keepSmallest()
      }
      if (row % idsPerTurn === idsPerTurn - 1) await new Promise(resolve => setImmediate(resolve))
    }
    keepSmallest()
  }
  assert(chosen.length > 0, 'segments are never empty')
  return chosen
}
