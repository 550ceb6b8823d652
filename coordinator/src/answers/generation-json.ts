import type { generationSchema, parityReportSchema } from '@hypershard/contract'
import { graphQueriesDigest, isCalibratedOtherwise } from '@hypershard/storage'
import type { z } from 'zod'
import type { Caller } from '../access/caller.ts'
import { visibleNames } from '../access/visible-names.ts'
import type { ParityReport } from '../generations/compare-generations.ts'
import type { DescribedGeneration } from '../generations/describe-generation.ts'

/** @param caller who is told: of names that he may not use he learns nothing */
export function generationJson(described: DescribedGeneration, caller: Caller): z.input<typeof generationSchema> {
  const { record, state, ownSamples, manifest, documents, backfill, lag, caughtUp, progress, secondsLeft } = described
  const graphQueries = ownSamples?.digest ?? graphQueriesDigest(state.sampleQueries)
  return {
    index: record.index,
    generation: record.generation,
    model: record.model,
    shards: record.shards,
    phase: state.phase,
    paused: state.paused,
    names: visibleNames(caller, described),
    documents,
    documents_aside: manifest.aside?.documents ?? 0,
    segments: manifest.segments.length,
    manifest_version: manifest.version,
    sequence: manifest.log.sequence,
    progress: {
      backfill_total: backfill?.total ?? null,
      backfill_done: backfill?.done ?? null,
      lag,
      caught_up: caughtUp,
      documents_per_second: progress?.documentsPerSecond ?? 0,
      seconds_left: secondsLeft,
      problem: progress?.problem ?? null,
    },
    documents_per_second_max: state.documentsPerSecondMax,
    search_p99_ms_max: state.searchP99MsMax,
    slowed_to_documents_per_second: state.slowedToDocumentsPerSecond,
    sample_queries: ownSamples?.qnets ?? state.sampleQueries?.length ?? 0,
    segments_to_calibrate: manifest.segments.filter(segment => isCalibratedOtherwise(segment, graphQueries)).length,
    created_at: record.createdAt,
  }
}

export function parityReportJson(report: ParityReport): z.input<typeof parityReportSchema> {
  return {
    queries: report.queries,
    overlap_at_10: report.overlapAt10,
    score_correlation: report.scoreCorrelation,
    documents_served: report.documents.served,
    documents_candidate: report.documents.candidate,
    most_different: report.mostDifferent.map(({ query, overlap, served, candidate }) => ({
      query,
      overlap,
      served: [...served],
      candidate: [...candidate],
    })),
  }
}
