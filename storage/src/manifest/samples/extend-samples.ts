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

/** What the manifest that follows has in it. */
interface Follows {
  /** How many documents searches find. */
  readonly documents: number
  /** How much was written by then: what is drawn follows from it, and not from how many shards there are. */
  readonly log: Manifest['log']
  readonly backfill: Manifest['backfill']
}

/**
 * The samples of the manifest that follows `current`.
 * The range sample grows from the added documents until it is full (those whose id has the smallest SHA-256), and is then
 * unchanged for the generation's life, so that int8 scores do not change from one version to the next.
 * The scale sample stays a fair draw of all documents, whatever order they come in: of those that are added as many
 * enter as their share of all, and as many leave.
 */
export async function extendSamples(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
  follows: Follows,
): Promise<Pick<Manifest, 'calibration' | 'scaleSample'>> {
  const { calibration, scaleSample = null } = current
  const rowsWanted = rangeSampleRowsMax - (calibration?.documents ?? 0)
  const draw = keepsScaleSample(current) ? drawOf(added, scaleSample?.documents ?? 0, follows) : noDraw
  const ranges = await smallestVectors(store, current, added, { wanted: rowsWanted, salt: '' })
  const scales = await smallestVectors(store, current, added, { wanted: draw.entering, salt: draw.salt })
  const calibrationOfNext = await extendSample(store, current, calibration, ranges)
  const scalesOfNext = await extendSample(store, current, scaleSample, scales, draw.staying)
  return { calibration: calibrationOfNext, ...(scalesOfNext !== null && { scaleSample: scalesOfNext }) }
}

/**
 * Generations have one from their first commit on, or never. Only of what versions before cannot read anyway do they
 * begin one: those refuse a manifest with a member that they do not know.
 */
function keepsScaleSample({ scaleSample, calibration, passages, lexical }: Manifest): boolean {
  return scaleSample !== undefined || (calibration === null && (passages !== undefined || lexical !== undefined))
}

/** Which documents come into a scale sample, and which rows of it stay. */
interface Draw {
  readonly entering: number
  /** Row numbers, ascending. */
  readonly staying: readonly number[]
  /** Put before what is hashed, so that a document that is written again is not drawn again for that. */
  readonly salt: string
}

const noDraw: Draw = { entering: 0, staying: [], salt: '' }

/**
 * One step of reservoir sampling (J. S. Vitter, Random sampling with a reservoir, 1985) for a whole commit: of a sample of
 * n of N documents, the added ones have n / N of theirs in it, rounded up or down by chance, and what was there is thinned
 * out for them. Chance is a hash, so that whoever commits the same draws the same.
 */
function drawOf(added: readonly SegmentEntry[], known: number, { documents, log, backfill }: Follows): Draw {
  const more = added.reduce((sum, segment) => sum + segment.documents, 0)
  const salt = `${JSON.stringify([log.sequence, log.parts, log.operations ?? 0, backfill?.done ?? []])} `
  const share = (scaleSampleRowsMax * more) / Math.max(documents, more)
  const drawn = Math.floor(share + fractionOf(`${salt}share`))
  const entering = Math.min(more, scaleSampleRowsMax, Math.max(drawn, scaleSampleRowsMax - known))
  if (entering === 0) return noDraw
  const rows = Array.from({ length: known }, (_, row) => ({ row, order: hash('sha256', `${salt}row ${row}`, 'hex') }))
  const stay = rows.sort(byOrder).slice(0, scaleSampleRowsMax - entering)
  return { entering, staying: stay.map(({ row }) => row).sort((a, b) => a - b), salt }
}

/** 0 to below 1. */
function fractionOf(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6) / 2 ** 48
}

async function extendSample(
  store: ObjectStore,
  current: Manifest,
  sample: VectorSample | null,
  rows: readonly Float32Array[],
  staying?: readonly number[],
): Promise<VectorSample | null> {
  if (rows.length === 0) return sample
  const { vectorWidth } = current
  const known = await readSample(store, current, sample)
  const kept = staying ?? Array.from({ length: known.length / vectorWidth }, (_, row) => row)
  const vectors = new Float32Array((kept.length + rows.length) * vectorWidth)
  for (const [index, row] of [
    ...kept.map(row => known.subarray(row * vectorWidth, (row + 1) * vectorWidth)),
    ...rows,
  ].entries())
    vectors.set(row, index * vectorWidth)
  const digest = await writeSample(store, current, vectors, vectorWidth)
  return { digest, documents: vectors.length / vectorWidth }
}

/** A document's, or that of its first passage. */
async function readFirstVector({ reader, row }: Candidate): Promise<Float32Array> {
  const passages = await reader.loadPassages()
  return reader.readVector(passages?.starts[row] ?? row)
}

/** The vectors of the added documents whose ids, behind `salt`, have the smallest hashes. */
async function smallestVectors(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
  { wanted, salt }: { wanted: number; salt: string },
): Promise<Float32Array[]> {
  if (wanted === 0 || added.length === 0) return []
  let chosen: Candidate[] = []
  /** Only an id that hashes to less can still be chosen; undefined until enough have been. */
  let bound: string | undefined
  const keepSmallest = () => {
    chosen = chosen.sort(byOrder).slice(0, wanted)
    bound = chosen[wanted - 1]?.order
  }
  for (const entry of added) {
    const reader = await openSegment(store, segmentAt(current, entry))
    const ids = await reader.loadIds()
    for (let row = 0; row < reader.documents; row++) {
      const order = hash('sha256', salt + textAt(ids, row), 'hex')
      if (bound === undefined || order < bound) {
        chosen.push({ reader, row, order })
        if (chosen.length > 2 * wanted) keepSmallest()
      }
      if (row % idsPerTurn === idsPerTurn - 1) await new Promise(resolve => setImmediate(resolve))
    }
    keepSmallest()
  }
  assert(chosen.length > 0, 'segments are never empty')
  return Promise.all(chosen.map(readFirstVector))
}

function byOrder(a: Pick<Candidate, 'order'>, b: typeof a): number {
  return a.order < b.order ? -1 : 1
}
