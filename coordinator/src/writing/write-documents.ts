import { HypershardError, pauseWithin, type RequestContext, type WorkGate, waitWithin } from '@hypershard/common'
import type { WaitMode } from '@hypershard/contract'
import {
  findUnreadWrite,
  type IndexRecord,
  type Manifest,
  type ObjectStore,
  readProgress,
  type StoredDocument,
  type UnreadWrite,
  WriteLog,
} from '@hypershard/storage'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import type { ModelRegistry } from '../catalog/model-registry.ts'
import type { StoreWatcher } from '../catalog/store-watcher.ts'
import type { ShardWarmer } from '../cluster/shard-warmer.ts'
import { vectorRuleOf } from '../vectors/vector-rule.ts'
import { type AppendOutcome, appendOperations } from './append-operations.ts'
import { LineTally } from './line-tally.ts'
import type { LineError, ReceivedOperation } from './operation.ts'
import type { WriteGuard } from './write-guard.ts'
import type { WriteMeter } from './write-meter.ts'

export interface WriteInput {
  readonly index: string
  readonly operations: AsyncIterable<ReceivedOperation>
  /** The same write with the same key is done once. */
  readonly idempotencyKey?: string | undefined
  /** When to answer: once the write is durable, or once searches see it. */
  readonly waitFor: WaitMode
  /** How long to wait for searches to see it. */
  readonly waitMsMax: number
  /**
   * Of a tenant: whether a document is its own. Others are neither replaced nor deleted; a put of the id of one is a bad
   * line, and a delete of one does nothing, as of one that does not exist.
   */
  readonly owns?: ((document: StoredDocument) => boolean) | undefined
  readonly onProgress?: ((progress: WriteProgress) => void) | undefined
  /** Appends the write instead of its operations, of which there are none then. */
  readonly append?: ((entry: CatalogEntry, context: RequestContext) => Promise<AppendOutcome>) | undefined
}

export interface WriteProgress {
  /** Lines read so far, good and bad. */
  readonly received: number
  /** Once the write is durable. */
  readonly sequence: number | null
  /** Documents of the index that are not searchable yet, these and those before them; null until it is durable. */
  readonly waiting: number | null
}

type UnreadDocument = UnreadWrite['first'][number]

export interface WriteReport {
  readonly received: number
  readonly accepted: number
  readonly failed: number
  /** Of the log entry; null when nothing was written. A search that asks for it sees the write. */
  readonly sequence: number | null
  /** An earlier attempt with the same idempotency key had written it. */
  readonly repeated: boolean
  readonly searchable: boolean
  readonly manifestVersion: number
  /** Why indexing does not go on, when it does not. */
  readonly problem: { readonly code: string; readonly message: string } | null
  /** Documents that the model cannot read; null until searches see the write, or when it is not known any more. */
  readonly documentsUnreadable: number | null
  /** The first of them. */
  readonly unreadable: readonly UnreadDocument[]
  readonly tookMs: number
  readonly errors: readonly LineError[]
}

export interface WriteParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly models: ModelRegistry
  readonly watcher: StoreWatcher
  readonly warmer: ShardWarmer
  readonly guard: WriteGuard
  readonly logs: WriteLogs
  /** Bounds the writes that are read and stored at a time; those that only wait are free. */
  readonly writes: WorkGate
  readonly writeMeter: WriteMeter
}

/** How often someone who waits is told, and an indexer that is stuck is noticed. */
const progressEveryMs = 500

/** Failures that pass by themselves: waiting goes on. */
const passing = ['unavailable', 'overloaded', 'deadline_exceeded', 'cancelled']

/**
 * check → log → acknowledge. The answer means that the good lines survive anything short of losing the object store;
 * the bad ones are reported and harm no other.
 * @throws HypershardError `index_not_found`, `overloaded`, `storage_full`, and what reading and appending throw; then
 *   nothing was written, unless the failure is of the deadline or the storage, when a repetition with the same
 *   idempotency key finds out
 */
export function writeDocuments(input: WriteInput, context: RequestContext, parts: WriteParts): Promise<WriteReport> {
  return context.step('write', async inner => {
    const write = (appended: Door['appended']) => appendAndWait(input, parts, { context: inner, appended })
    const report = await parts.writeMeter.measure(write, input.waitFor === 'searchable')
    if (inner.trace.recording) inner.trace.set(factsOf(input, report))
    return report
  })
}

interface Door {
  readonly context: RequestContext
  /** Told once the lines are in the log. */
  readonly appended: (outcome: AppendOutcome, refused: number) => void
}

async function appendAndWait(
  input: WriteInput,
  parts: WriteParts,
  { context, appended: tellAppended }: Door,
): Promise<WriteReport> {
  const startMs = performance.now()
  const entry = parts.catalog.get(input.index)
  const log = parts.logs.of(entry.record)
  await context.step('check', async ({ deadline }) => {
    await waitWithin(log.head(), deadline, 'reading the write log')
    await waitWithin(parts.guard.check(log, entry.manifest), deadline, 'looking for room')
  })
  const tally = new LineTally()
  const lines = counted(tally.goodOnes(input.operations), () => tell({ sequence: null, waiting: null }))
  const tell = (progress: Omit<WriteProgress, 'received'>) =>
    input.onProgress?.({ received: tally.received, ...progress })
  const appending = { store: parts.store, log, guard: parts.guard, tally }
  const rules = { fields: entry.record.fields ?? {}, vectors: vectorRuleOf(entry.generation) }
  const append = { entry, lines, rules, idempotencyKey: input.idempotencyKey, owns: input.owns }
  const appended = await parts.writes.run(context.deadline, () =>
    context.step('append', inner => input.append?.(entry, inner) ?? appendOperations(append, appending, inner)),
  )
  const { sequence } = appended
  tellAppended(appended, tally.failed)
  const waits = input.waitFor === 'searchable' && sequence !== null
  const seen = waits
    ? await context.step('wait', inner => waitUntilSearchable(entry, { ...input, sequence, log, tell }, parts, inner))
    : notYet(entry, sequence === null ? null : problemOf(entry, parts))
  const { received, failed, errors } = tally
  return { received, failed, errors, ...appended, ...seen, tookMs: performance.now() - startMs }
}

function factsOf({ index }: WriteInput, { accepted, failed, sequence, searchable }: WriteReport) {
  const counts = { 'hypershard.index': index, 'hypershard.accepted': accepted, 'hypershard.failed': failed }
  return { ...counts, 'hypershard.sequence': sequence ?? 0, 'hypershard.searchable': searchable }
}

interface Wait {
  readonly index: string
  readonly waitMsMax: number
  readonly sequence: number
  readonly log: WriteLog
  readonly tell: (progress: Omit<WriteProgress, 'received'>) => void
}

/** Waits as long as there is hope and time. The write is safe meanwhile, so that giving up is no failure. */
async function waitUntilSearchable(entry: CatalogEntry, wait: Wait, parts: WriteParts, context: RequestContext) {
  const giveUp = new AbortController()
  const until = context.deadline.within(wait.waitMsMax).withSignal(giveUp.signal)
  const { sequence } = wait
  const searchable = parts.watcher.untilSearchable(wait.index, entry.record.uid, sequence, until).then(
    served => {
      // Searches pin a version also when a server of it is down or could not load it: then they do not find it all.
      const problem = parts.warmer.whyIncomplete(served)
      return problem === undefined ? isIn(served.manifest, sequence) : notYet(served, problem)
    },
    error => {
      if (!(error instanceof HypershardError) || error.code !== 'deadline_exceeded') throw error
      return notYet(parts.catalog.get(wait.index), null)
    },
  )
  const startedAt = Date.now()
  for (;;) {
    const pause = pauseWithin(progressEveryMs, until, 'waiting').then(
      () => undefined,
      () => undefined,
    )
    const seen = await Promise.race([searchable, pause])
    if (seen !== undefined) return seen
    if (until.passed || until.cancelled) return searchable
    const served = parts.catalog.get(wait.index)
    const lag = await wait.log.lagBehind(served.manifest.log)
    const progress = await readProgress(parts.store, served.generation)
    wait.tell({ sequence, waiting: Math.max(0, lag.operations - (progress?.encoded ?? 0)) })
    const told = progress !== undefined && Date.parse(progress.updatedAt) >= startedAt ? progress.problem : null
    const problem = problemOf(served, parts) ?? told
    if (problem !== null && !passing.includes(problem.code)) {
      searchable.catch(() => undefined)
      giveUp.abort()
      return notYet(served, problem)
    }
  }
}

/** Known before an indexer tries: it tries again only after a while. */
function problemOf({ generation }: CatalogEntry, { models }: WriteParts): WriteReport['problem'] {
  const problem = models.knownProblemOf(generation)
  return problem === undefined ? null : { code: problem.code, message: problem.message }
}

function notYet({ manifest }: CatalogEntry, problem: WriteReport['problem']) {
  const unread = { documentsUnreadable: null, unreadable: [] }
  return { searchable: false, manifestVersion: manifest.version, problem, ...unread }
}

/** What is told of a write that searches see. */
function isIn(manifest: Manifest, sequence: number) {
  const unread = findUnreadWrite(manifest.unread ?? [], sequence)
  return {
    searchable: true,
    manifestVersion: manifest.version,
    problem: null,
    documentsUnreadable: unread?.documents ?? null,
    unreadable: unread?.first ?? [],
  }
}

async function* counted<T>(items: AsyncIterable<T>, each: () => void): AsyncGenerator<T> {
  for await (const item of items) {
    each()
    yield item
  }
}

/** The write logs of the indexes in use, as this process knows them. */
export class WriteLogs {
  readonly #store: ObjectStore
  /** By index uid. */
  readonly #logs = new Map<string, WriteLog>()

  constructor(store: ObjectStore) {
    this.#store = store
  }

  of(index: IndexRecord): WriteLog {
    const known = this.#logs.get(index.uid)
    if (known !== undefined) return known
    const log = new WriteLog(this.#store, index)
    this.#logs.set(index.uid, log)
    return log
  }

  forget(indexUid: string): void {
    this.#logs.delete(indexUid)
  }
}
