import { z } from 'zod'
import { type LineError, lineErrorsMax, type PutProgress, type PutReport } from '../indexing/put-documents.ts'

const count = z.int().min(0)

export const putQuerySchema = z.strictObject({
  progress: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Answer with NDJSON: progress about once a second, then the result or the problem as the last line.'),
})

export const putReportSchema = z.object({
  received: count,
  indexed: count,
  superseded: count.describe('Earlier lines with an id that a later line repeats; the last wins.'),
  failed: count,
  truncated: count.describe('Documents longer than the model reads; their vectors are of their beginning.'),
  took_ms: z.number().min(0),
  manifest_version: count,
  errors: z
    .array(z.object({ line: z.int().min(1), id: z.string().nullable(), code: z.string(), message: z.string() }))
    .max(lineErrorsMax),
})

export function putReportJson(report: PutReport): z.input<typeof putReportSchema> {
  const { tookMs, manifestVersion, errors, received, indexed, superseded, failed, truncated } = report
  return {
    ...{ received, indexed, superseded, failed, truncated },
    took_ms: tookMs,
    manifest_version: manifestVersion,
    errors: errors.map(({ line, id, code, message }: LineError) => ({ line, id, code, message })),
  }
}

export function putProgressJson({ received, encoded, total }: PutProgress) {
  return { received, encoded, total }
}
