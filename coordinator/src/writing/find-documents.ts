import { setImmediate } from 'node:timers/promises'
import {
  type AsideDocument,
  hasBit,
  type IdColumn,
  type LogReference,
  type Manifest,
  type ObjectStore,
  openSegment,
  operationId,
  readAside,
  readLogEntry,
  readLogPart,
  type SegmentEntry,
  type StoredDocument,
  segmentAt,
  shardOf,
  tombstonesOf,
} from '@hypershard/storage'

export interface FindOptions {
  readonly withVectors?: boolean
}

/** The newest state of some documents, as the log has it up to an entry. */
export interface FoundDocuments {
  /** The last entry of the log that was looked at. */
  readonly sequence: number
  /** Documents that exist. */
  readonly documents: ReadonlyMap<string, StoredDocument>
}

/** Rows compared between two turns of the event loop: a few milliseconds. */
const rowsPerTurn = 65_536

/**
 * Finds documents by id as the newest write left them, indexed or not. Costs a read of what the log has beyond the
 * manifest, and of the id column of each segment of the shards asked for.
 * @param manifest any version of a served generation; a newer one makes it cheaper
 * @param withVectors each with its vector, where it is indexed or came with one
 * @throws HypershardError `corrupt_data`, `storage_failed`
 */
export async function findDocuments(
  store: ObjectStore,
  manifest: Manifest,
  ids: ReadonlySet<string>,
  { withVectors = false }: FindOptions = {},
): Promise<FoundDocuments> {
  const tail = await readTail(store, manifest, ids)
  const documents = new Map<string, StoredDocument>()
  for (const [id, document] of tail.last) if (document !== undefined) documents.set(id, document)
  const others = new Set([...ids].filter(id => !tail.last.has(id)))
  for (const document of await findAside(store, manifest, others)) documents.set(document.id, document)
  for (const document of await findIndexed(store, manifest, others, withVectors)) documents.set(document.id, document)
  return { sequence: tail.sequence, documents }
}

/** What the log does to the documents beyond the manifest: undefined for one that it deletes last. */
async function readTail(store: ObjectStore, manifest: Manifest, ids: ReadonlySet<string>) {
  const log: LogReference = { index: manifest.index, indexUid: manifest.indexUid }
  const last = new Map<string, StoredDocument | undefined>()
  let { sequence, parts: done } = manifest.log
  for (;;) {
    const entry = await readLogEntry(store, log, sequence + 1)
    if (entry === undefined) return { sequence, last }
    sequence++
    for (const part of entry.parts.slice(done)) {
      for (const operation of await readLogPart(store, log, part)) {
        const id = operationId(operation)
        if (!ids.has(id)) continue
        last.set(id, operation.type === 'put' ? { ...operation.document, version: sequence } : undefined)
      }
    }
    done = 0
  }
}

async function findAside(store: ObjectStore, manifest: Manifest, ids: ReadonlySet<string>): Promise<StoredDocument[]> {
  if (ids.size === 0 || manifest.aside === null) return []
  const found = (await readAside(store, manifest)).filter(({ id }) => ids.has(id))
  return found.map(({ id, title, text, fields, version }: AsideDocument) => ({ id, title, text, fields, version }))
}

async function findIndexed(
  store: ObjectStore,
  manifest: Manifest,
  ids: ReadonlySet<string>,
  withVectors: boolean,
): Promise<StoredDocument[]> {
  const found: StoredDocument[] = []
  for (const [shard, own] of Map.groupBy(ids, id => shardOf(id, manifest.shards))) {
    for (const segment of manifest.segments.filter(entry => entry.shard === shard)) {
      found.push(...(await findInSegment(store, { manifest, entry: segment }, own, withVectors)))
    }
  }
  return found
}

async function findInSegment(
  store: ObjectStore,
  { manifest, entry }: { readonly manifest: Manifest; readonly entry: SegmentEntry },
  ids: readonly string[],
  withVectors: boolean,
): Promise<StoredDocument[]> {
  const segment = await openSegment(store, segmentAt(manifest, entry))
  const matching = await rowsOf(await segment.loadIds(), ids)
  if (matching.length === 0) return []
  const marked = await tombstonesOf(store, manifest, entry)
  const rows = matching.filter(row => marked === undefined || !hasBit(marked, row))
  const documents = await segment.openDocuments()
  try {
    const read = await documents.read(rows)
    if (!withVectors) return read
    const { modelDigest: model } = segment
    const starts = (await segment.loadPassages())?.starts
    // One of several passages has no vector that would stand for all of it.
    const isWhole = (row: number) => starts === undefined || starts[row + 1]! - starts[row]! === 1
    const vectorOf = (row: number) => (isWhole(row) ? segment.readVector(starts?.[row] ?? row) : undefined)
    const values = await Promise.all(rows.map(vectorOf))
    return read.map((document, at) => ({ ...document, vector: values[at] && { model, values: values[at] } }))
  } finally {
    await documents.close()
  }
}

/** Of ids of one length, how many are compared byte by byte; of more a set is made. */
const comparedMax = 8

/** The rows that have one of the ids. Of few ids bytes are compared, so that no string is made of the others. */
async function rowsOf({ offsets, bytes }: IdColumn, ids: readonly string[]): Promise<number[]> {
  const byLength = Map.groupBy(
    ids.map(id => Buffer.from(id)),
    ({ length }) => length,
  )
  const matchers = new Map([...byLength].map(([length, own]) => [length, matcherOf(own, Buffer.from(bytes.buffer))]))
  const rows: number[] = []
  for (let row = 0; row < offsets.length - 1; row++) {
    if (row % rowsPerTurn === rowsPerTurn - 1) await setImmediate()
    const begin = offsets[row]!
    const end = offsets[row + 1]!
    if (matchers.get(end - begin)?.(begin, end)) rows.push(row)
  }
  return rows
}

function matcherOf(ids: readonly Buffer[], bytes: Buffer): (begin: number, end: number) => boolean {
  if (ids.length <= comparedMax) return (begin, end) => ids.some(id => id.compare(bytes, begin, end) === 0)
  // A character a byte: as different as the bytes are.
  const wanted = new Set(ids.map(id => id.toString('latin1')))
  return (begin, end) => wanted.has(bytes.toString('latin1', begin, end))
}
