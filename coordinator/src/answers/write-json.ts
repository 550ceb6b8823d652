import type { deleteByFilterReportSchema, writeProgressSchema, writeReportSchema } from '@hypershard/contract'
import type { z } from 'zod'
import type { DeleteByFilterReport } from '../writing/delete-by-filter.ts'
import type { LineError } from '../writing/operation.ts'
import type { WriteProgress, WriteReport } from '../writing/write-documents.ts'

export function writeReportJson(report: WriteReport): z.input<typeof writeReportSchema> {
  const { tookMs, manifestVersion, errors, received, accepted, failed, sequence, repeated, searchable, problem } =
    report
  return {
    received,
    accepted,
    failed,
    sequence,
    repeated,
    searchable,
    problem,
    documents_unreadable: report.documentsUnreadable,
    unreadable: report.unreadable.map(({ id, tokens, unknown }) => ({ id, tokens, unknown_tokens: unknown })),
    took_ms: tookMs,
    manifest_version: manifestVersion,
    errors: errors.map(({ line, id, code, message }: LineError) => ({ line, id, code, message })),
  }
}

export function writeProgressJson({ received, sequence, waiting }: WriteProgress): z.input<typeof writeProgressSchema> {
  return { received, sequence, waiting }
}

export function deleteByFilterJson(report: DeleteByFilterReport): z.input<typeof deleteByFilterReportSchema> {
  const { writtenMeanwhile, manifestVersion, tookMs, ...facts } = report
  return { ...facts, written_meanwhile: writtenMeanwhile, manifest_version: manifestVersion, took_ms: tookMs }
}
