import { Deadline, HypershardError, type Logger, noSpan, RequestContext, type Tracer } from '@hypershard/common'
import {
  type GenerationRecord,
  type GenerationState,
  isWorkedOn,
  latestManifest,
  modelNotServed,
  type NamedModel,
  rateLimit,
  readGeneration,
  readGenerationState,
  readIndex,
} from '@hypershard/storage'
import { backfillSlice } from './backfill/backfill-slice.ts'
import { type CollectParts, collectIndexes, collectStoredModels } from './collect/collect-indexes.ts'
import { compactGeneration } from './compact/compact-generation.ts'
import { compactionPolicy } from './compact/compaction-policy.ts'
import type { MergeRoom } from './compact/merge-room.ts'
import { planCompaction } from './compact/plan-compaction.ts'
import type { EncodePaces } from './encoding/encode-pace.ts'
import type { RecentTexts } from './encoding/recent-texts.ts'
import type { IndexerMeter } from './indexer-meter.ts'
import { type IngestParts, ingestLog } from './ingest/ingest-log.ts'
import type { partReader } from './ingest/part-reader.ts'
import type { EncoderPort } from './ports.ts'
import type { OngoingWork, OngoingWorks } from './progress/ongoing-work.ts'
import type { WorkProgress } from './progress/progress-reporter.ts'
import type { Job } from './queue/job.ts'
import type { Turn } from './queue/job-queue.ts'
import { inTrace, underSpan } from './trace-job.ts'

export interface JobParts extends Omit<CollectParts, 'meter'> {
  readonly meter: IndexerMeter
  readonly encoder: EncoderPort
  readonly mergeRoom: MergeRoom
  readonly paces: EncodePaces
  readonly ongoing: OngoingWorks
  readonly readPart: ReturnType<typeof partReader>
  readonly recent: RecentTexts
  readonly log: Logger
  readonly tracer: Tracer
}

/** From one commit to the next; with the slowest encoder a batch takes minutes. */
const stepMsMax = 3_600_000

/** A job ends after this long so that others get their turn; the next scan finds what is left of it. */
const turnMsMax = 60_000

/** How long the throttle goes by a generation's state before it reads that again. */
const stateKeptMs = 1_000

/**
 * Does one job. It may be stopped between any two steps, and killed anywhere: what was committed is done, the rest is
 * done again.
 * @throws HypershardError of its steps; `index_not_found` and `generation_not_found` for work that is gone
 */
export async function runJob(job: Job, all: JobParts, turn: Turn): Promise<void> {
  const parts = { ...all, store: all.meter.storeOf(job.kind, all.store) }
  if (job.kind === 'collect') return inJob(job, parts, turn, context => collectIndexes(job.indexes, parts, context))
  if (job.kind === 'collect-models') return inJob(job, parts, turn, context => collectStoredModels(parts, context))
  const record = await readIndex(parts.store, job.index)
  if (record.uid !== job.indexUid) return
  const generation = await readGeneration(parts.store, record, job.generation)
  const work = new GenerationWork(job, generation, parts, turn)
  try {
    if (job.kind === 'backfill') await work.backfill(job.slice)
    else await (job.kind === 'compact' ? work.compact() : work.advance())
  } finally {
    work.end()
  }
}

/** The work on one generation in one job. */
class GenerationWork {
  readonly #job: Job
  readonly #generation: GenerationRecord
  readonly #parts: JobParts
  readonly #turn: Turn
  readonly #ongoing: OngoingWork
  readonly #progress: WorkProgress
  readonly #ingest: IngestParts
  #state: GenerationState | undefined
  #stateAtMs = Number.NEGATIVE_INFINITY

  constructor(job: Job, generation: GenerationRecord, parts: JobParts, turn: Turn) {
    const { store, encoder } = parts
    const pace = parts.paces.of(generation)
    this.#job = job
    this.#generation = generation
    this.#parts = parts
    this.#turn = turn
    this.#ongoing = parts.ongoing.of(generation)
    this.#progress = this.#ongoing.progress.begin()
    const { throttle } = this.#ongoing
    const rateOf = async () => rateLimit(await this.#freshState())
    const wait = () => this.#progress.waiting()
    this.#ingest = {
      store,
      encoder,
      pace,
      readPart: parts.readPart,
      // What a backfill copies was written long ago, and would only push others out.
      recent: job.kind === 'backfill' ? undefined : parts.recent,
      tracer: parts.tracer,
      callCost: () => pace.callCostOf(encoder.encodersOf(generation.model.digest)),
      throttle: (documents, deadline) => throttle.take(documents, deadline, rateOf, wait),
      meter: parts.meter.workOf(job.kind),
      onEncoded: documents => {
        parts.meter.encoded(documents)
        this.#progress.encoded(documents)
      },
      onCommitted: documents => this.#progress.committed(documents),
    }
  }

  end(): void {
    this.#progress.end()
  }

  async backfill(slice: number): Promise<void> {
    if (!(await this.#mayGoOn())) return
    await this.#step(context => backfillSlice(this.#generation, slice, this.#ingest, context))
  }

  /** Ingests what is in the log, until there is nothing more or the turn is over: another's begins when one waits. */
  async advance(): Promise<void> {
    const { clock } = this.#parts
    if (!(await this.#mayGoOn())) return
    const endMs = clock.monotonicMs() + turnMsMax
    const mayGoOn = async () =>
      clock.monotonicMs() < endMs && !(await this.#turn.othersWait()) && (await this.#mayGoOn())
    await this.#step(context => ingestLog(this.#generation, this.#ingest, context, mayGoOn))
  }

  /** Merges segments as long as some are worth it and the turn is not over. */
  async compact(): Promise<void> {
    const { clock, store, encoder, meter, mergeRoom } = this.#parts
    const endMs = clock.monotonicMs() + turnMsMax
    for (let more = true; more && clock.monotonicMs() < endMs && (await this.#mayGoOn()); ) {
      const manifest = await latestManifest(store, this.#generation)
      const policy = await compactionPolicy(store, this.#generation, manifest, await this.#freshState())
      const compaction = { store, encoder, ...policy, meter: meter.workOf('compact') }
      const segments = planCompaction(manifest, compaction)
      if (segments === undefined) return
      // Without room for it the work is not stuck: what is written goes on being indexed.
      more = await mergeRoom.run(manifest, segments, () =>
        this.#step(context => compactGeneration(this.#generation, manifest, compaction, context)),
      )
    }
  }

  async #step<Result>(work: (context: RequestContext) => Promise<Result>): Promise<Result> {
    try {
      return await inJob(this.#job, this.#parts, this.#turn, work)
    } catch (error) {
      const named = this.#naming(error)
      if (!isNoFailure(named, this.#turn.signal)) await this.#ongoing.progress.stuck(named)
      throw named
    }
  }

  /** The encoder service knows a model by its digest alone; who reads of the failure knows an index. */
  #naming(error: unknown): unknown {
    if (!(error instanceof HypershardError) || error.code !== 'model_not_found') return error
    return modelNotServed(this.#generation, (error.details.models ?? []) as NamedModel[], error)
  }

  async #mayGoOn(): Promise<boolean> {
    if (this.#turn.signal.aborted) return false
    const state = await this.#freshState()
    return !state.paused && isWorkedOn(this.#generation, state)
  }

  async #freshState(): Promise<GenerationState> {
    const nowMs = this.#parts.clock.monotonicMs()
    if (this.#state === undefined || nowMs - this.#stateAtMs > stateKeptMs) {
      this.#state = await readGenerationState(this.#parts.store, this.#generation)
      this.#stateAtMs = nowMs
    }
    return this.#state
  }
}

/** Does one step of a job in a context of its own. What follows the write log has a span for each portion instead. */
async function inJob<Result>(
  job: Job,
  { clock, log, tracer }: JobParts,
  { signal }: Turn,
  work: (context: RequestContext) => Promise<Result>,
): Promise<Result> {
  const trace = job.kind === 'advance' ? noSpan : tracer.start('job', { kind: 'consumer' })
  if (trace.recording)
    trace.set({ 'hypershard.job': job.kind, ...('index' in job && { 'hypershard.index': job.index }) })
  const deadline = Deadline.after(stepMsMax, { signal, clock })
  const context = new RequestContext({ deadline, log: log.child({ job }) })
  return underSpan(trace, () => work(inTrace(context, trace)))
}

/** Work that nobody needs any more, or that a stop cut short. */
export function isNoFailure(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted) return true
  return error instanceof HypershardError && ['index_not_found', 'generation_not_found'].includes(error.code)
}
