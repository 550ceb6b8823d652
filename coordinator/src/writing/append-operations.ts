import { HypershardError, type RequestContext, retryOnConflict, waitWithin } from '@hypershard/common'

import {
  type LogPart,
  LogPartBuilder,
  type LogReference,
  newerManifest,
  type ObjectStore,
  type Operation,
  partBounds,
  readLogEntry,
  type WriteLog,
} from '@hypershard/storage'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { findDocuments } from './find-documents.ts'
import { type DecidingRules, judgeLines } from './judge-lines.ts'
import type { GoodLine, LineTally } from './line-tally.ts'
import { idOf } from './operation.ts'
import type { WriteGuard, WriteRoom } from './write-guard.ts'

export interface AppendInput extends DecidingRules {
  readonly entry: CatalogEntry
  readonly lines: AsyncIterable<GoodLine>
  readonly idempotencyKey: string | undefined
}

export interface AppendParts {
  readonly store: ObjectStore
  readonly log: WriteLog
  readonly guard: WriteGuard
  readonly tally: LineTally
}

export interface AppendOutcome {
  readonly accepted: number
  /** Null when nothing was appended. */
  readonly sequence: number | null
  readonly repeated: boolean
}

/** Parts of one entry: far above any put that is sensible, and an entry stays small. */
const partsMax = 2_048

/** How often a conditional write is decided anew because others wrote in between. */
const decisionsMax = 100

/**
 * Makes the good lines of a write one entry of the log: durable all together, or not at all. Memory: one part,
 * as lines and as it will be stored.
 * @throws HypershardError `storage_full`, `request_too_large`, `idempotency_mismatch`, `conflict`, `index_not_found`,
 *   and what reading the lines throws
 */
export async function appendOperations(
  input: AppendInput,
  parts: AppendParts,
  context: RequestContext,
): Promise<AppendOutcome> {
  const room = parts.guard.openRoom(input.entry.manifest)
  try {
    return await appendInto(room, input, parts, context)
  } finally {
    room.release()
  }
}

async function appendInto(
  room: WriteRoom,
  input: AppendInput,
  parts: AppendParts,
  context: RequestContext,
): Promise<AppendOutcome> {
  const gathered: LogPart[] = []
  const builder = new LogPartBuilder()
  let lines: GoodLine[] = []
  let accepted = 0
  // What a tenant may touch is decided as conditions are: on the documents as they are.
  const isDecided = (line: GoodLine) => input.owns !== undefined || isConditional(line) || isPatch(line)
  const keep = async () => {
    await waitWithin(room.take(builder.size), context.deadline, 'looking for room')
    gathered.push(await builder.store(parts.store, logOf(input.entry)))
    if (gathered.length > partsMax) throw tooLarge()
    accepted += lines.length
    lines = []
  }
  for await (const line of input.lines) {
    if (builder.full) {
      if (lines.some(isDecided)) throw tooManyToDecide(input)
      await keep()
    }
    if (isDecided(line) && gathered.length > 0) throw tooManyToDecide(input)
    lines.push(line)
    builder.add(placeOf(line.operation))
  }
  context.deadline.check('writing the documents')
  if (lines.some(isDecided)) {
    return appendConditionally(input, lines, { ...parts, room }, context)
  }
  if (lines.length > 0) await keep()
  if (gathered.length === 0) return { accepted: 0, sequence: null, repeated: false }
  const { idempotencyKey } = input
  const entry = { parts: gathered, idempotencyKey, traceparent: recordedParent(context) }
  const appended = await parts.log.append(entry, context.deadline)
  return { accepted, ...appended }
}

/**
 * Reads the documents as they are, leaves out the lines whose condition does not hold, makes puts of patches, and appends them right
 * behind what was read. When another write got in between, all is decided again: so the order of the log is the order in
 * which writes and patches of a document happen, and none of them is lost.
 */
async function appendConditionally(
  input: AppendInput,
  lines: readonly GoodLine[],
  { store, log, tally, room }: AppendParts & { readonly room: WriteRoom },
  context: RequestContext,
): Promise<AppendOutcome> {
  const { entry, idempotencyKey: key } = input
  const hasPatches = lines.some(isPatch)
  if (key !== undefined) {
    if (input.owns !== undefined || lines.some(isConditional)) throw keyAndConditions()
    const before = await waitWithin(log.find(key), context.deadline, 'reading the log')
    if (before !== undefined) return repetitionOf(before, entry, store)
  }
  const ids = new Set(lines.map(({ operation }) => idOf(operation)))
  const appending = retryOnConflict({ attemptsMax: decisionsMax, deadline: context.deadline }, async () => {
    const newest = await newerManifest(store, entry.manifest)
    const found = await findDocuments(store, newest, ids, { withVectors: hasPatches })
    const { holding, idle, failing } = judgeLines(lines, found.documents, input)
    const appended =
      holding.length === 0
        ? { sequence: null, repeated: false }
        : await log.append(
            {
              parts: await storeParts(holding, entry, { store, room, context }),
              expectedSequence: found.sequence + 1,
              idempotencyKey: key,
              traceparent: recordedParent(context),
            },
            context.deadline,
          )
    for (const { line, ...problem } of failing) tally.fail(line, problem)
    return { accepted: holding.length + idle, ...appended }
  })
  return appending.catch(async error => {
    // The same write, made twice at a time: the other one was first, and was decided on other documents perhaps.
    const isTwin = key !== undefined && error instanceof HypershardError && error.code === 'idempotency_mismatch'
    const sequence = isTwin ? await log.find(key) : undefined
    if (sequence === undefined) throw error
    return repetitionOf(sequence, entry, store)
  })
}

/** The lines of a write that was made before with the same key. */
async function repetitionOf(sequence: number, entry: CatalogEntry, store: ObjectStore): Promise<AppendOutcome> {
  const { parts = [] } = (await readLogEntry(store, logOf(entry), sequence)) ?? {}
  const accepted = parts.reduce((sum, { puts, deletes }) => sum + puts + deletes, 0)
  return { accepted, sequence, repeated: true }
}

/** What the indexing of a write that is traced becomes a part of. */
export function recordedParent({ trace }: RequestContext): string | undefined {
  return trace.recording ? trace.traceparent : undefined
}

interface Storing {
  readonly store: ObjectStore
  readonly room: WriteRoom
  readonly context: RequestContext
}

/** One part, unless patched documents are more than fit into one. */
async function storeParts(
  operations: readonly Operation[],
  entry: CatalogEntry,
  { store, room, context }: Storing,
): Promise<LogPart[]> {
  const builder = new LogPartBuilder()
  const stored: LogPart[] = []
  const keep = async () => {
    await waitWithin(room.take(builder.size), context.deadline, 'looking for room')
    stored.push(await builder.store(store, logOf(entry)))
  }
  for (const operation of operations) {
    if (builder.full) await keep()
    builder.add(operation)
  }
  await keep()
  return stored
}

/** What a line counts while lines are gathered: of a patch, what it makes is not known yet. */
function placeOf(operation: GoodLine['operation']): Operation {
  return operation.type === 'patch' ? { type: 'delete', id: operation.id } : operation
}

function logOf({ record }: CatalogEntry): LogReference {
  return { index: record.name, indexUid: record.uid }
}

function isPatch({ operation }: GoodLine): boolean {
  return operation.type === 'patch'
}

function isConditional({ ifVersion }: GoodLine): boolean {
  return ifVersion !== undefined
}

function tooManyToDecide({ owns }: AppendInput): HypershardError {
  const { operationsMax, bytesMax } = partBounds
  const what = owns === undefined ? '_if_version or patches' : 'an API key that has a filter'
  const message = `a write with ${what} has at most ${operationsMax} lines of together ${bytesMax} bytes; send several`
  return new HypershardError('request_too_large', message, { details: { ...partBounds } })
}

function tooLarge(): HypershardError {
  const message = `one write takes at most ${partsMax} parts of ${partBounds.operationsMax} documents; send several`
  return new HypershardError('request_too_large', message, { details: { partsMax, ...partBounds } })
}

function keyAndConditions(): HypershardError {
  const message = 'Idempotency-Key: not with _if_version, which makes a write safe to repeat by itself; leave one out'
  return new HypershardError('invalid_request', message)
}
