import { randomUUID } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import {
  type Fields,
  type FilterColumns,
  type IdColumn,
  type ObjectStore,
  openSegment,
  type RecallKnob,
  type SegmentReader,
  type SegmentReference,
} from '@hypershard/segments'
import type { SharedIds } from '../scoring/messages.ts'
import { makeScanCopy, type ScanCopy } from '../scoring/scan-copy.ts'

export interface LoadedSegment {
  readonly vectors: Float32Array<SharedArrayBuffer>
  readonly ids: SharedIds
  readonly scanCopy: ScanCopy
  readonly columns: FilterColumns
  readonly width: number
  /** A copy of its graph's file, for whoever opens it to remove; undefined for none. */
  readonly graph: { readonly path: string; readonly bytes: number } | undefined
  readonly recallKnobs: readonly RecallKnob[]
  readonly modelDigest: string
  /** What was wrong with it when it was read first, if it was. */
  readonly firstProblem: string | undefined
}

/**
 * Reads a segment and checks every file of it, the documents too, though they stay in the store. What seems damaged is read
 * once more: the store may be sound, and the damage have come on the way.
 * @param scratch a local folder
 * @throws HypershardError `corrupt_data` when it is damaged both times, and of the store
 */
export async function readSegment(
  store: ObjectStore,
  segment: SegmentReference,
  fields: Fields,
  scratch: string,
): Promise<LoadedSegment> {
  try {
    return { ...(await readOnce(store, segment, fields, scratch)), firstProblem: undefined }
  } catch (error) {
    if (!(error instanceof HypershardError && error.code === 'corrupt_data')) throw error
    return { ...(await readOnce(store, segment, fields, scratch)), firstProblem: error.message }
  }
}

async function readOnce(
  store: ObjectStore,
  segment: SegmentReference,
  fields: Fields,
  scratch: string,
): Promise<Omit<LoadedSegment, 'firstProblem'>> {
  const reader = await openSegment(store, segment)
  const [vectors, ids] = [await reader.loadSharedVectors(), await reader.loadIds()]
  const columns = await reader.loadColumns(fields)
  await reader.verifyDocuments()
  const { vectorWidth: width, modelDigest, recallKnobs } = reader
  const scanCopy = makeScanCopy(vectors, width)
  const graph = reader.hasGraph ? await copyGraph(reader, scratch) : undefined
  return { vectors, ids: toShared(ids), scanCopy, columns, width, modelDigest, graph, recallKnobs }
}

/** How copies of graphs are called in the scratch folder. */
export const graphCopyPrefix = 'hypershard-graph-'

async function copyGraph(reader: SegmentReader, scratch: string): Promise<LoadedSegment['graph']> {
  const path = join(scratch, `${graphCopyPrefix}${randomUUID()}`)
  try {
    await reader.copyGraph(path)
    return { path, bytes: (await stat(path)).size }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

function toShared(ids: IdColumn): SharedIds {
  const offsets = new Int32Array(new SharedArrayBuffer(ids.offsets.byteLength))
  offsets.set(ids.offsets)
  const bytes = new Uint8Array(new SharedArrayBuffer(ids.bytes.byteLength))
  bytes.set(ids.bytes)
  return { offsets, bytes }
}
