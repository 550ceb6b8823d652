import { byLabel, type Counter, type Histogram, type Meter, unlabelled } from '@hypershard/common'
import { announcingStore, newsOfKey, type ObjectStore, type SegmentEntry } from '@hypershard/storage'
import { collectMetrics } from './collect/metrics.ts'
import { compactionMetrics } from './compact/metrics.ts'
import { ingestMetrics } from './ingest/metrics.ts'
import type { Job } from './queue/job.ts'
import { jobMetrics } from './queue/metrics.ts'

type Kind = Job['kind']

/** What a commit made searchable, or set aside. */
export interface CommittedDocuments {
  readonly added: readonly Pick<SegmentEntry, 'documents'>[]
  readonly failed: readonly unknown[]
  readonly tookMs: number
}

/** What a merge came to; `documents` 0 for segments of which nothing was left. */
export interface Merged {
  readonly segments: number
  readonly documents: number
  readonly graph: boolean
  readonly tookMs: number
}

/** Told of what the work of one kind of job comes to, each thing once. */
export interface WorkMeter {
  committed(commit: CommittedDocuments): void
  compacted(merged: Merged): void
  /** Another indexer had committed it. */
  overtaken(): void
}

/** Counts what an indexer does. */
export class IndexerMeter {
  readonly #jobs: Counter<'kind' | 'outcome'>
  readonly #jobSeconds: Histogram<'kind'>
  readonly #commits: Counter<'kind'>
  readonly #overtaken: Counter<'kind'>
  readonly #commitSeconds: Histogram<'kind'>
  readonly #documents: Counter<'result'>
  readonly #encoded: Counter<never>
  readonly #merged: Counter<never>
  readonly #mergedDocuments: Counter<never>
  readonly #graphs: Counter<never>
  readonly #files: Counter<never>
  readonly #running: Record<Kind, number> = {
    advance: 0,
    backfill: 0,
    compact: 0,
    collect: 0,
    'collect-models': 0,
  }

  constructor(meter: Meter) {
    this.#jobs = meter.counter(jobMetrics.jobs)
    this.#jobSeconds = meter.histogram(jobMetrics.seconds)
    meter.read(jobMetrics.running, () => byLabel('kind', this.#running))
    this.#commits = meter.counter(ingestMetrics.commits)
    this.#overtaken = meter.counter(ingestMetrics.overtaken)
    this.#commitSeconds = meter.histogram(ingestMetrics.commitSeconds)
    this.#documents = meter.counter(ingestMetrics.documents)
    this.#encoded = meter.counter(ingestMetrics.encoded)
    this.#merged = meter.counter(compactionMetrics.merged)
    this.#mergedDocuments = meter.counter(compactionMetrics.documents)
    this.#graphs = meter.counter(compactionMetrics.graphs)
    this.#files = meter.counter(collectMetrics.files)
  }

  /** @param run gives how the job ended, and never throws */
  async measure(kind: Kind, run: () => Promise<string>): Promise<void> {
    const startMs = performance.now()
    this.#running[kind]++
    const outcome = await run()
    this.#running[kind]--
    this.#jobs.add({ kind, outcome })
    this.#jobSeconds.observe({ kind }, (performance.now() - startMs) / 1_000)
  }

  /** A store whose new manifest versions count as commits of this kind of job. */
  storeOf(kind: Kind, store: ObjectStore): ObjectStore {
    return announcingStore(store, key => {
      if (newsOfKey(key)?.kind === 'manifest') this.#commits.add({ kind })
    })
  }

  workOf(kind: Kind): WorkMeter {
    return {
      committed: ({ added, failed, tookMs }) => {
        this.#commitSeconds.observe({ kind }, tookMs / 1_000)
        this.#documents.add(
          { result: 'indexed' },
          added.reduce((sum, { documents }) => sum + documents, 0),
        )
        this.#documents.add({ result: 'aside' }, failed.length)
      },
      compacted: ({ segments, documents, graph, tookMs }) => {
        this.#commitSeconds.observe({ kind }, tookMs / 1_000)
        this.#merged.add(unlabelled, segments)
        this.#mergedDocuments.add(unlabelled, documents)
        this.#graphs.add(unlabelled, graph ? 1 : 0)
      },
      overtaken: () => this.#overtaken.add({ kind }),
    }
  }

  encoded(documents: number): void {
    this.#encoded.add(unlabelled, documents)
  }

  collected(files: number): void {
    this.#files.add(unlabelled, files)
  }
}
