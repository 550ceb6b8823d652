import { eligibleIn, type Manifest, type SegmentEntry } from '../manifest/manifest.ts'
import { segmentAt } from '../manifest/manifest-files.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { countOfRow, type Passage, type PassageTable, passagesOfRow } from './passages/passage-table.ts'
import { wholeText } from './passages/passages-file.ts'
import { openSegment } from './segment-reader.ts'
import { type CalibratedGraph, createSegmentWriter, newSegmentOf } from './segment-writer.ts'
import { hasBit } from './tombstones/bitmap.ts'
import { tombstonesOf } from './tombstones/tombstone-file.ts'

/** Rows copied at a time: some MiB of vectors and texts. */
const rowsPerCopy = 1_024

/** Builds the graph of the segment that comes of a merge. */
export interface GraphBuilder {
  /**
   * @param vectors of the next rows, row-major [vectors, vectorWidth]; reused once this has resolved
   * @param counts how many of them each row has; left out where that is one
   */
  append(vectors: Float32Array, counts?: readonly number[]): Promise<void>
  /** @param vectors all of them once more, in pieces */
  finish(vectors: AsyncIterable<Float32Array>): Promise<CalibratedGraph>
}

/**
 * Copies the documents of several segments that are not deleted, vectors and all, into one new segment. Every byte that
 * is read is checked, so that damage is not copied.
 * @param segments of one shard of the manifest
 * @param graph of the new segment; undefined for none
 * @returns undefined when no document is left
 * @throws HypershardError `corrupt_data`, `storage_full`, `storage_failed`
 */
export async function mergeSegments(
  store: ObjectStore,
  manifest: Manifest,
  segments: readonly SegmentEntry[],
  graph?: GraphBuilder,
): Promise<SegmentEntry | undefined> {
  const documents = segments.reduce((sum, entry) => sum + eligibleIn(entry), 0)
  if (documents === 0) return undefined
  const { shard } = segments[0]!
  const passages = await passagesLeft(store, manifest, segments)
  const writer = await createSegmentWriter(store, { ...newSegmentOf(manifest), shard, documents, passages })
  try {
    let copied = 0
    for (const entry of segments) {
      const reader = await openSegment(store, segmentAt(manifest, entry))
      await reader.verifyDocuments()
      const vectors = await reader.loadVectors()
      const table = await reader.loadPassages()
      const stored = await reader.openDocuments()
      try {
        for (const rows of chunksOf(await rowsLeft(store, manifest, entry), rowsPerCopy)) {
          const some = vectorsOfRows(vectors, rows, { table, width: manifest.vectorWidth })
          copied += rows.length
          // Which rows were truncated is not known any more: never more than there are rows.
          const truncated = copied === documents ? Math.min(documents, truncatedOf(segments)) : 0
          const own = (await stored.read(rows)).map((document, at) => ({
            ...document,
            passages: passages === undefined ? undefined : passagesOf(document.text, table, rows[at]!),
          }))
          await writer.append(own, some, truncated)
          await graph?.append(some, passages === undefined ? undefined : rows.map(row => countOfRow(table, row)))
        }
      } finally {
        await stored.close()
      }
    }
    if (graph !== undefined) await writer.addGraph(await graph.finish(writer.readVectors()))
    return await writer.finish()
  } finally {
    await writer.abort()
  }
}

/** How many vectors the documents that are left have; undefined where each has one. */
async function passagesLeft(
  store: ObjectStore,
  manifest: Manifest,
  segments: readonly SegmentEntry[],
): Promise<number | undefined> {
  if (segments.every(entry => entry.passages === undefined)) return undefined
  let passages = 0
  let documents = 0
  for (const entry of segments) {
    const table = await (await openSegment(store, segmentAt(manifest, entry))).loadPassages()
    const rows = await rowsLeft(store, manifest, entry)
    for (const row of rows) passages += countOfRow(table, row)
    documents += rows.length
  }
  return passages === documents ? undefined : passages
}

/** Where no text of its segment was cut, all of its own is one. */
function passagesOf(text: string, table: PassageTable | undefined, row: number): Passage[] {
  return table === undefined ? wholeText(text) : passagesOfRow(table, row)
}

function vectorsOfRows(
  vectors: Float32Array,
  rows: readonly number[],
  { table, width }: { readonly table: PassageTable | undefined; readonly width: number },
): Float32Array {
  const ranges = rows.map(row => [table?.starts[row] ?? row, table?.starts[row + 1] ?? row + 1] as const)
  const some = new Float32Array(ranges.reduce((sum, [first, last]) => sum + last - first, 0) * width)
  let at = 0
  for (const [first, last] of ranges) {
    some.set(vectors.subarray(first * width, last * width), at)
    at += (last - first) * width
  }
  return some
}

/** The rows of a segment that are not deleted, ascending. */
export async function rowsLeft(store: ObjectStore, manifest: Manifest, entry: SegmentEntry): Promise<number[]> {
  const marked = await tombstonesOf(store, manifest, entry)
  const rows = Array.from({ length: entry.documents }, (_, row) => row)
  return marked === undefined ? rows : rows.filter(row => !hasBit(marked, row))
}

function truncatedOf(segments: readonly SegmentEntry[]): number {
  return segments.reduce((sum, { truncated }) => sum + truncated, 0)
}

function* chunksOf<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size)
}
