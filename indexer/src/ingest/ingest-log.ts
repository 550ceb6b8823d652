import { quietTracer, type RequestContext, retryOnConflict, type Span, type Tracer } from '@hypershard/common'
import {
  type AsideDocument,
  commitSegments,
  extendUnreadWrites,
  type GenerationRecord,
  isBackfilled,
  isSamePosition,
  type LogPosition,
  latestManifest,
  type Manifest,
  type ObjectStore,
  rangeSampleRowsMax,
  readAside,
  writeAside,
} from '@hypershard/storage'
import type { EncodePace } from '../encoding/encode-pace.ts'
import type { WorkMeter } from '../indexer-meter.ts'
import { beginPortion, inTrace, underSpan } from '../trace-job.ts'
import { type LogBatch, type ReadOptions, readBatch } from './read-batch.ts'
import {
  type EncodedShards,
  encodeShards,
  storeSegments,
  type WriteParts,
  type WrittenSegments,
} from './write-segments.ts'

export interface IngestParts extends WriteParts {
  readonly onCommitted?: (documents: number) => void
  readonly meter?: WorkMeter
  /** How much to take for one commit; as much as a part may hold when left out. */
  readonly pace?: Pick<EncodePace, 'firstOperations' | 'portionCost' | 'noteEncoded' | 'noteCommitted'>
  readonly readPart?: ReadOptions['readPart']
  /** Traces nothing when left out. */
  readonly tracer?: Tracer
}

/** How often a commit is made again because something other than the log's next documents was committed first. */
const commitAttemptsMax = 100

/** A batch that is encoded, to be stored and committed. */
interface Prepared {
  readonly batch: LogBatch
  readonly encoded: EncodedShards
  /** Ends when it is committed, or never will be. */
  readonly trace: Span
}

/**
 * read the log from the manifest's checkpoint → encode → write a segment a shard → commit. Whoever else does the same
 * at the same time, exactly one commits: the manifest's next number is the fence, and the checkpoint in it tells the
 * other that its work is done. While one batch is stored and committed the next is encoded already.
 * @param mayGoOn asked after each batch whether to take another; one batch when left out
 * @returns the newest manifest, and whether there is nothing more in the log
 * @throws HypershardError of the encoder, of the store, `index_not_found`
 */
export async function ingestLog(
  generation: GenerationRecord,
  parts: IngestParts,
  context: RequestContext,
  mayGoOn: () => Promise<boolean> = async () => false,
): Promise<{ manifest: Manifest; caughtUp: boolean }> {
  let manifest = await latestManifest(parts.store, generation)
  if (!isBackfilled(manifest)) return { manifest, caughtUp: true }
  const abandon = new AbortController()
  const prepare = (from: LogPosition) => {
    const preparing = prepareBatch(manifest, from, parts, context.withSignal(abandon.signal))
    // This batch is awaited when its turn comes. Until then, or if an earlier one fails first, its failure must not
    // count as unhandled.
    preparing.catch(() => undefined)
    return preparing
  }
  let ahead: Promise<Prepared | undefined> | undefined = prepare(manifest.log)
  try {
    while (ahead !== undefined) {
      const prepared: Prepared | undefined = await ahead
      if (prepared === undefined) return { manifest, caughtUp: true }
      const { end }: LogBatch = prepared.batch
      ahead = (await mayGoOn()) ? prepare(end) : undefined
      const base = manifest
      manifest = await underSpan(prepared.trace, () => storeAndCommit(generation, base, prepared, parts, context))
      parts.onCommitted?.(prepared.batch.puts.length)
      if (!isSamePosition(manifest.log, end)) break
    }
    return { manifest, caughtUp: false }
  } finally {
    abandon.abort()
    const unused = await ahead?.catch(() => undefined)
    unused?.trace.end()
  }
}

async function prepareBatch(
  manifest: Manifest,
  from: LogPosition,
  parts: IngestParts,
  context: RequestContext,
): Promise<Prepared | undefined> {
  const { store, pace, readPart } = parts
  const isFirst = pace !== undefined && (manifest.calibration?.documents ?? 0) < rangeSampleRowsMax
  const most = isFirst ? { operationsMax: pace.firstOperations } : { costMax: pace?.portionCost }
  const batch = await readBatch(store, manifest, from, { ...most, readPart })
  if (batch === undefined) return undefined
  const trace = beginPortion(parts.tracer ?? quietTracer, manifest, batch)
  try {
    return { batch, encoded: await encodeBatch(manifest, batch, parts, inTrace(context, trace)), trace }
  } catch (error) {
    trace.fail(error)
    trace.end()
    throw error
  }
}

async function encodeBatch(
  manifest: Manifest,
  batch: LogBatch,
  parts: IngestParts,
  context: RequestContext,
): Promise<EncodedShards> {
  const { clock } = context.deadline
  const startMs = clock.monotonicMs()
  const encoded = await context.step('encode', inner => encodeShards(manifest, batch.puts, parts, inner))
  // Vectors that came along, or are known, say nothing of how fast texts are encoded.
  parts.pace?.noteEncoded({ cost: encoded.cost, tookMs: clock.monotonicMs() - startMs })
  return encoded
}

async function storeAndCommit(
  generation: GenerationRecord,
  base: Manifest,
  { batch, encoded, trace }: Prepared,
  parts: IngestParts,
  jobContext: RequestContext,
): Promise<Manifest> {
  const context = inTrace(jobContext, trace)
  const { clock } = context.deadline
  const startMs = clock.monotonicMs()
  const added = await context.step('store', () => storeSegments(base, encoded, parts.store))
  const commit = { batch, written: { ...encoded, added } }
  const commitIt = (inner: RequestContext) => commitBatch(generation, base, commit, parts, inner)
  const { manifest, own } = await context.step('commit', commitIt)
  const tookMs = clock.monotonicMs() - startMs
  parts.pace?.noteCommitted(tookMs)
  if (own) parts.meter?.committed({ added, failed: encoded.failed, tookMs })
  else parts.meter?.overtaken()
  return manifest
}

/** @returns the manifest that has the batch, and whether that is this commit's */
async function commitBatch(
  generation: GenerationRecord,
  base: Manifest,
  { batch, written }: { batch: LogBatch; written: WrittenSegments },
  { store }: IngestParts,
  context: RequestContext,
): Promise<{ readonly manifest: Manifest; readonly own: boolean }> {
  // The first attempt builds on what the batch was read from: nobody else is expected to have committed.
  let newest: Manifest | undefined = base
  return retryOnConflict({ attemptsMax: commitAttemptsMax, deadline: context.deadline }, async () => {
    const current = newest ?? (await latestManifest(store, generation))
    newest = undefined
    if (!isSamePosition(current.log, base.log)) {
      const facts = { index: base.index, generation: base.generation, log: current.log }
      context.log.info(facts, 'another indexer committed these documents')
      return { manifest: current, own: false }
    }
    const aside = await asideAfter(store, current, batch, written.failed)
    // The older version of a document that cannot be encoded is not its newest, and goes too.
    const deletedIds = [...batch.deletes, ...written.failed.map(({ id }) => id)]
    const unread = extendUnreadWrites(current.unread ?? [], written.unread)
    const options = { deletedIds, log: batch.end, aside, ...(unread.length > 0 && { unread }) }
    return { manifest: await commitSegments(store, current, written.added, options), own: true }
  })
}

/** The documents set aside, without those that were written again since, and with those that fail now. */
async function asideAfter(
  store: ObjectStore,
  current: Manifest,
  batch: LogBatch,
  failed: readonly AsideDocument[],
): Promise<Manifest['aside']> {
  if (current.aside === null && failed.length === 0) return null
  const written = new Set([...batch.deletes, ...batch.puts.map(({ id }) => id)])
  const kept = (await readAside(store, current)).filter(({ id }) => !written.has(id))
  if (kept.length === current.aside?.documents && failed.length === 0) return current.aside
  return writeAside(store, current, [...kept, ...failed])
}
