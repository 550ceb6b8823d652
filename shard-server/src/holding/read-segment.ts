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
  type PassageTable,
  type RecallKnob,
  type SegmentReader,
  type SegmentReference,
} from '@hypershard/storage'
import { makeScanCopy } from '../cpu/scan-copy.ts'
import { openVectorsFile, vectorsInMemory } from '../cpu/vector-rows.ts'
import type { HeldVectors, ScanCopy, SharedIds } from '../ports.ts'

/** Where segments are held. */
export interface HoldingPlaces {
  /** Of f32 vectors. */
  readonly vectors: 'memory' | 'disk'
  /** A local folder for copies of graphs, and of vectors that are held on disk. */
  readonly scratch: string
}

export interface LoadedSegment {
  /** Where they are in a file, whoever opens it removes it. */
  readonly vectors: HeldVectors
  readonly ids: SharedIds
  readonly scanCopy: ScanCopy
  readonly columns: FilterColumns
  /** Whose vectors they are; undefined where each document has one. */
  readonly passages: PassageTable | undefined
  /** Its file of words; undefined where they are not kept. */
  readonly words: Uint8Array<SharedArrayBuffer> | undefined
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
 * @throws HypershardError `corrupt_data` when it is damaged both times, and of the store; no file is left then
 */
export async function readSegment(
  store: ObjectStore,
  segment: SegmentReference,
  fields: Fields,
  places: HoldingPlaces,
): Promise<LoadedSegment> {
  const { read, firstProblem } = await againIfDamaged(() => readOnce(store, segment, fields, places))
  return { ...read, firstProblem }
}

/** Reads, and once more when what was read is damaged. @returns what was wrong with it when it was read first, if it was */
export async function againIfDamaged<T>(
  read: () => Promise<T>,
): Promise<{ readonly read: T; readonly firstProblem: string | undefined }> {
  try {
    return { read: await read(), firstProblem: undefined }
  } catch (error) {
    if (!(error instanceof HypershardError && error.code === 'corrupt_data')) throw error
    return { read: await read(), firstProblem: error.message }
  }
}

async function readOnce(
  store: ObjectStore,
  segment: SegmentReference,
  fields: Fields,
  { vectors: place, scratch }: HoldingPlaces,
): Promise<Omit<LoadedSegment, 'firstProblem'>> {
  const reader = await openSegment(store, segment)
  const copies = new ScratchCopies(scratch)
  try {
    const { vectors, scanCopy } = await (place === 'disk'
      ? vectorsOnDisk(reader, copies)
      : vectorsInSharedMemory(reader))
    const ids = toSharedIds(await reader.loadIds())
    const columns = await reader.loadColumns(fields)
    const passages = await reader.loadPassages()
    const words = reader.hasLexical ? await reader.loadLexical() : undefined
    await reader.verifyDocuments()
    const graph = reader.hasGraph ? await graphOnDisk(reader, copies) : undefined
    const { vectorWidth: width, modelDigest, recallKnobs } = reader
    return { vectors, ids, scanCopy, columns, passages, words, width, modelDigest, graph, recallKnobs }
  } catch (error) {
    await copies.remove()
    throw error
  }
}

type Vectors = Pick<LoadedSegment, 'vectors' | 'scanCopy'>

async function vectorsInSharedMemory(reader: SegmentReader): Promise<Vectors> {
  const vectors = await reader.loadSharedVectors()
  return { vectors, scanCopy: makeScanCopy(vectorsInMemory(vectors, reader.vectorWidth)) }
}

async function vectorsOnDisk(reader: SegmentReader, copies: ScratchCopies): Promise<Vectors> {
  const path = await copies.make(to => reader.copyVectors(to))
  const file = openVectorsFile(path, reader.vectorWidth)
  try {
    return { vectors: { path }, scanCopy: makeScanCopy(file) }
  } finally {
    file.close()
  }
}

async function graphOnDisk(reader: SegmentReader, copies: ScratchCopies): Promise<LoadedSegment['graph']> {
  const path = await copies.make(to => reader.copyGraph(to))
  return { path, bytes: (await stat(path)).size }
}

/** How copies of segments' files are called in the scratch folder. */
export const scratchCopyPrefix = 'hypershard-copy-'

/** The copies of one segment's files. */
class ScratchCopies {
  readonly #scratch: string
  readonly #paths: string[] = []

  constructor(scratch: string) {
    this.#scratch = scratch
  }

  async make(copy: (path: string) => Promise<void>): Promise<string> {
    const path = join(this.#scratch, `${scratchCopyPrefix}${randomUUID()}`)
    this.#paths.push(path)
    await copy(path)
    return path
  }

  async remove(): Promise<void> {
    for (const path of this.#paths) await rm(path, { force: true })
  }
}

export function toSharedIds(ids: IdColumn): SharedIds {
  const offsets = new Int32Array(new SharedArrayBuffer(ids.offsets.byteLength))
  offsets.set(ids.offsets)
  const bytes = new Uint8Array(new SharedArrayBuffer(ids.bytes.byteLength))
  bytes.set(ids.bytes)
  return { offsets, bytes }
}
