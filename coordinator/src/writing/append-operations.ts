import { HypershardError, type RequestContext, retryOnConflict, waitWithin } from '@hypershard/common'

import {
  type LogPart,
  LogPartBuilder,
  type LogReference,
  newerManifest,
  type ObjectStore,
  operationId,
  partBounds,
  type StoredDocument,
  type WriteLog,
} from '@hypershard/storage'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { findDocuments } from './find-documents.ts'
import type { GoodLine, LineTally } from './line-tally.ts'
import type { LineError } from './operation.ts'
import type { WriteGuard, WriteRoom } from './write-guard.ts'

export interface AppendInput {
  readonly entry: CatalogEntry
  readonly lines: AsyncIterable<GoodLine>
  readonly idempotencyKey: string | undefined
  /** Of a tenant: see `WriteInput`. */
  readonly owns?: ((document: StoredDocument) => boolean) | undefined
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
  const isDecided = (line: GoodLine) => input.owns !== undefined || isConditional(line)
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
    builder.add(line.operation)
  }
  context.deadline.check('writing the documents')
  if (lines.some(isDecided)) {
    await waitWithin(room.take(builder.size), context.deadline, 'looking for room')
    return appendConditionally(input, lines, parts, context)
  }
  if (lines.length > 0) await keep()
  if (gathered.length === 0) return { accepted: 0, sequence: null, repeated: false }
  const { idempotencyKey } = input
  const entry = { parts: gathered, idempotencyKey, traceparent: recordedParent(context) }
  const appended = await parts.log.append(entry, context.deadline)
  return { accepted, ...appended }
}

/**
 * Reads the documents' versions, leaves out the lines whose condition does not hold, and appends the others right
 * behind what was read. When another write got in between, all is decided again.
 */
async function appendConditionally(
  { entry, idempotencyKey, owns }: AppendInput,
  lines: readonly GoodLine[],
  { store, log, tally }: AppendParts,
  context: RequestContext,
): Promise<AppendOutcome> {
  if (idempotencyKey !== undefined) throw keyAndConditions()
  const ids = new Set(lines.map(({ operation }) => operationId(operation)))
  return retryOnConflict({ attemptsMax: decisionsMax, deadline: context.deadline }, async () => {
    const found = await findDocuments(store, await newerManifest(store, entry.manifest), ids)
    const { holding, idle, failing } = judge(lines, found.documents, owns)
    const appended =
      holding.length === 0
        ? { sequence: null, repeated: false }
        : await log.append(
            {
              parts: [await storePart(holding, entry, store)],
              expectedSequence: found.sequence + 1,
              traceparent: recordedParent(context),
            },
            context.deadline,
          )
    for (const { line, ...problem } of failing) tally.fail(line, problem)
    return { accepted: holding.length + idle, ...appended }
  })
}

/** What the indexing of a write that is traced becomes a part of. */
export function recordedParent({ trace }: RequestContext): string | undefined {
  return trace.recording ? trace.traceparent : undefined
}

/** Lines are decided in order: once one changes a document, no later line's condition on it holds. */
function judge(lines: readonly GoodLine[], documents: ReadonlyMap<string, StoredDocument>, owns: AppendInput['owns']) {
  const holding: GoodLine[] = []
  const failing: LineError[] = []
  const touched = new Set<string>()
  let idle = 0
  for (const line of lines) {
    const { operation, ifVersion } = line
    const id = operationId(operation)
    const there = documents.get(id)
    const isForeign = there !== undefined && owns?.(there) === false
    // Of another tenant's document nothing is told, not even that it is there.
    const version = isForeign ? 0 : (there?.version ?? 0)
    const holds = ifVersion === undefined || (ifVersion === version && !touched.has(id))
    if (!holds)
      failing.push({ line: line.line, id, code: 'version_mismatch', message: mismatch(line, version, touched) })
    // As of one that is not there, of which a tenant's delete is not written either: the answers must be alike.
    else if (owns !== undefined && operation.type === 'delete' && version === 0 && !touched.has(id)) idle++
    else if (isForeign) failing.push({ line: line.line, id, code: 'forbidden', message: idTaken })
    else {
      holding.push(line)
      touched.add(id)
    }
  }
  return { holding, idle, failing }
}

const idTaken = 'the id cannot be used with this key; choose another, such as one that begins with a name of your own'

function mismatch({ operation, ifVersion }: GoodLine, version: number, touched: ReadonlySet<string>): string {
  const isTouched = touched.has(operationId(operation))
  const state = version === 0 ? 'does not exist' : `has version ${version}`
  return `_if_version is ${ifVersion}, and the document ${isTouched ? 'is written by an earlier line' : state}`
}

function storePart(lines: readonly GoodLine[], entry: CatalogEntry, store: ObjectStore): Promise<LogPart> {
  const builder = new LogPartBuilder()
  for (const { operation } of lines) builder.add(operation)
  return builder.store(store, logOf(entry))
}

function logOf({ record }: CatalogEntry): LogReference {
  return { index: record.name, indexUid: record.uid }
}

function isConditional({ ifVersion }: GoodLine): boolean {
  return ifVersion !== undefined
}

function tooManyToDecide({ owns }: AppendInput): HypershardError {
  const { operationsMax, bytesMax } = partBounds
  const what = owns === undefined ? '_if_version' : 'an API key that has a filter'
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
