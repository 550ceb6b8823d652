import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { textAt } from '../../segment/formats/utf8-column.ts'
import { openSegment, type SegmentReader } from '../../segment/segment-reader.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { Manifest, RangeSample, SegmentEntry } from '../manifest.ts'
import { segmentAt } from '../manifest-files.ts'
import { readRangeSample, writeRangeSample } from './range-sample-file.ts'

/** Rows of a full sample: the extremes of activations settle with a few dozen, and a query pays for each. */
export const rangeSampleRowsMax = 64

/** Ids hashed before other work gets a turn: about 5 ms. */
const idsPerTurn = 4096

interface Candidate {
  readonly reader: SegmentReader
  readonly row: number
  readonly order: string
}

/**
 * The sample of the manifest that follows `current`: grown from the added documents until it is full, then unchanged for
 * the generation's life, so that int8 scores do not change from one version to the next. Which rows are taken depends on
 * the ids alone (the smallest SHA-256), not on how many shards they were spread over.
 */
export async function extendRangeSample(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
): Promise<RangeSample | null> {
  const wanted = rangeSampleRowsMax - (current.calibration?.documents ?? 0)
  if (wanted === 0 || added.length === 0) return current.calibration
  const chosen = await smallestHashes(store, current, added, wanted)
  const rows = await Promise.all(chosen.map(readFirstVector))
  const known = await readRangeSample(store, current)
  const vectors = new Float32Array(known.length + rows.length * current.vectorWidth)
  vectors.set(known)
  for (const [index, row] of rows.entries()) vectors.set(row, known.length + index * current.vectorWidth)
  const digest = await writeRangeSample(store, current, vectors, current.vectorWidth)
  return { digest, documents: vectors.length / current.vectorWidth }
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
