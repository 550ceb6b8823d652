import { createHash } from 'node:crypto'
import { HypershardError, type RequestContext, retryOnConflict, waitWithin } from '@hypershard/common'
import { deletedByFilterMax, type WaitMode } from '@hypershard/contract'
import { listedDocumentsMax } from '@hypershard/proto/limits'
import { type LogPart, LogPartBuilder, type Manifest, readLogEntry } from '@hypershard/storage'
import type { FilterJson } from '../access/caller.ts'
import type { CatalogEntry } from '../catalog/catalog.ts'
import type { ReadParts } from '../reading/admit-read.ts'
import { listPage, type Place } from '../reading/list-documents.ts'
import { type AppendOutcome, recordedParent } from './append-operations.ts'
import { type WriteParts, type WriteReport, writeDocuments } from './write-documents.ts'
import { WrittenSince } from './written-since.ts'

export interface DeleteByFilterInput {
  readonly index: string
  readonly filter: FilterJson
  /** A repetition with the same key and filter deletes nothing. */
  readonly idempotencyKey: string | undefined
  /** What is deleted is looked for in a version that has this entry of the write log. */
  readonly minSequence: number
  readonly waitFor: WaitMode
  readonly waitMsMax: number
}

export interface DeleteByFilterReport
  extends Pick<WriteReport, 'sequence' | 'repeated' | 'searchable' | 'manifestVersion' | 'problem' | 'tookMs'> {
  /** Null for a repetition of one that is so long ago that its number is not kept. */
  readonly deleted: number | null
  /** Documents that pass and stay, because they were written after the version that was looked at. */
  readonly writtenMeanwhile: number
  /** False where there may be more: as many as one request may were deleted. */
  readonly complete: boolean
}

/** How often it is decided anew because others wrote in between. */
const decisionsMax = 100

/**
 * pin → list what passes → leave out what was written since → append one entry. The documents that pass at the newest version that
 * searches see are deleted, all of them or none, unless they were written after that version, searchable or not: whoever
 * wrote one was told that it is safe, and nobody has compared it with the filter. The entry is appended right behind the last
 * one that was looked through, so no write can come in between.
 * @throws HypershardError `index_not_found`, `invalid_request` (the filter), `conflict`, `overloaded`, `storage_full`, and what
 *   listing and appending throw
 */
export async function deleteByFilter(
  input: DeleteByFilterInput,
  context: RequestContext,
  parts: WriteParts & ReadParts,
): Promise<DeleteByFilterReport> {
  const found = { deleted: null as number | null, writtenMeanwhile: 0, complete: true }
  if (input.minSequence > 0) {
    const { record } = parts.catalog.get(input.index)
    await parts.watcher.untilSearchable(input.index, record.uid, input.minSequence, context.deadline)
  }
  const append = async (entry: CatalogEntry, inner: RequestContext): Promise<AppendOutcome> => {
    const outcome = await findAndAppend(input, entry, inner, parts)
    Object.assign(found, outcome.found)
    return outcome.appended
  }
  const { index, waitFor, waitMsMax } = input
  const report = await writeDocuments({ index, operations: nothing(), waitFor, waitMsMax, append }, context, parts)
  const { sequence, repeated, searchable, manifestVersion, problem, tookMs } = report
  return { ...found, sequence, repeated, searchable, manifestVersion, problem, tookMs }
}

async function* nothing() {}

type Found = Pick<DeleteByFilterReport, 'deleted' | 'writtenMeanwhile' | 'complete'>

interface Outcome {
  readonly found: Found
  readonly appended: AppendOutcome
}

async function findAndAppend(
  input: DeleteByFilterInput,
  entry: CatalogEntry,
  context: RequestContext,
  parts: WriteParts & ReadParts,
): Promise<Outcome> {
  const key = keyOf(input)
  const log = parts.logs.of(entry.record)
  const before = key === undefined ? undefined : await waitWithin(log.find(key), context.deadline, 'reading the log')
  if (before !== undefined) return repetitionOf(before, entry, parts)
  const { manifest } = entry
  const ids = await gather(input, entry, context, parts)
  const written = new WrittenSince(parts.store, manifest)
  const room = parts.guard.openRoom(manifest)
  let stored: LogPart[] | undefined
  const gathered = new Set(ids)
  let left: readonly string[] = ids
  try {
    return await retryOnConflict({ attemptsMax: decisionsMax, deadline: context.deadline }, async () => {
      const fresh = await waitWithin(written.readOn(), context.deadline, 'reading the log')
      if (stored === undefined || fresh.some(id => gathered.has(id))) {
        left = ids.filter(id => !written.has(id))
        stored = await storeParts(left, manifest, parts, async part => {
          await waitWithin(room.take(part), context.deadline, 'looking for room')
        })
      }
      const found = { deleted: left.length, writtenMeanwhile: ids.length - left.length, complete: isAll(ids.length) }
      if (left.length === 0) return { found, appended: { accepted: 0, sequence: null, repeated: false } }
      const asked = { parts: stored, idempotencyKey: key, traceparent: recordedParent(context) }
      const appended = await log.append({ ...asked, expectedSequence: written.sequence + 1 }, context.deadline)
      return { found, appended: { accepted: left.length, ...appended } }
    })
  } catch (error) {
    // The same request, made twice at a time: the other one was first, and looked at another version perhaps.
    const sequence = isMismatch(error) && key !== undefined ? await log.find(key) : undefined
    if (sequence === undefined) throw error
    return repetitionOf(sequence, entry, parts)
  } finally {
    room.release()
  }
}

/** The filter is part of what is repeated: the key stands for no other one. */
function keyOf({ idempotencyKey, filter }: DeleteByFilterInput): string | undefined {
  if (idempotencyKey === undefined) return undefined
  const content = JSON.stringify([idempotencyKey, filter])
  return `delete-by-filter ${createHash('sha256').update(content).digest('hex')}`
}

async function repetitionOf(sequence: number, { record }: CatalogEntry, { store }: WriteParts): Promise<Outcome> {
  const entry = await readLogEntry(store, { index: record.name, indexUid: record.uid }, sequence)
  const deleted = entry === undefined ? null : entry.parts.reduce((sum, { deletes }) => sum + deletes, 0)
  const found = { deleted, writtenMeanwhile: 0, complete: deleted === null || isAll(deleted) }
  return { found, appended: { accepted: deleted ?? 0, sequence, repeated: true } }
}

function isAll(found: number): boolean {
  return found < deletedByFilterMax
}

/** The ids of documents that pass, as many as one request deletes at most. */
async function gather(
  { index, filter }: DeleteByFilterInput,
  entry: CatalogEntry,
  context: RequestContext,
  parts: ReadParts,
): Promise<string[]> {
  const ids: string[] = []
  let place: Place | undefined
  do {
    const limit = Math.min(listedDocumentsMax, deletedByFilterMax - ids.length)
    const page = { index, filter, limit, cursor: undefined, with: [], minSequence: 0 }
    const from = place
    const list = () => listPage(page, { entry, manifest: entry.manifest }, from, { context, parts })
    const { documents, next } = await parts.searches.run(context.deadline, list)
    for (const { id } of documents) ids.push(id)
    place = next
  } while (place !== undefined && ids.length < deletedByFilterMax)
  return ids
}

async function storeParts(
  ids: readonly string[],
  manifest: Manifest,
  { store }: WriteParts,
  takeRoom: (part: LogPartBuilder['size']) => Promise<void>,
): Promise<LogPart[]> {
  const builder = new LogPartBuilder()
  const stored: LogPart[] = []
  const keep = async () => {
    await takeRoom(builder.size)
    stored.push(await builder.store(store, manifest))
  }
  for (const id of ids) {
    if (builder.full) await keep()
    builder.add({ type: 'delete', id })
  }
  if (builder.operations > 0) await keep()
  return stored
}

function isMismatch(error: unknown): boolean {
  return error instanceof HypershardError && error.code === 'idempotency_mismatch'
}
