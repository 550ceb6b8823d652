import type { IncomingMessage } from 'node:http'
import { type Deadline, type Logger, toHypershardError } from '@hypershard/common'
import { z } from 'zod'
import { putProgressJson, putQuerySchema, putReportJson, putReportSchema } from '../../../contract/documents.ts'
import { indexNameSchema } from '../../../contract/indexes.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { checkLines, lineBytesMax } from '../../../indexing/check-document.ts'
import type { PutProgress, PutReport } from '../../../indexing/put-documents.ts'
import { readLines } from '../../../indexing/read-lines.ts'
import { problemOf } from '../problem.ts'
import { defineRoute, type Route } from '../route.ts'

/** How long a client may send nothing in the middle of a body. */
const idleMsMax = 60_000

const progressEveryMs = 1_000

export function documentRoutes(coordinator: Coordinator, options: { putTimeoutMs: number; log: Logger }): Route[] {
  return [
    defineRoute({
      method: 'PUT',
      path: '/v1/indexes/{index}/documents',
      id: 'putDocuments',
      tag: 'documents',
      summary: 'Put documents',
      description:
        'One JSON object a line: `id` or `_id`, `title`, `text`, and any other key as a field. A document replaces ' +
        'the one with its id. All documents of a request become visible together, when the answer is sent.',
      params: z.strictObject({ index: indexNameSchema }),
      query: putQuerySchema,
      body: 'ndjson',
      answer: { status: 200, description: 'What became of the lines', schema: putReportSchema },
      errors: ['index_not_found', 'storage_full', 'conflict'],
      timeoutMs: options.putTimeoutMs,
      handle: async ({ params, query, stream, deadline }) => {
        coordinator.getIndex(params.index)
        const put = (onProgress?: (progress: PutProgress) => void) =>
          coordinator.putDocuments(
            { index: params.index, documents: documentsOf(stream, deadline), onProgress },
            deadline,
          )
        if (query.progress === 'false') return { status: 200, json: putReportJson(await put()) }
        return { status: 200, ndjson: progressLines(put, options.log) }
      },
    }),
  ]
}

function documentsOf(stream: IncomingMessage, deadline: Deadline) {
  return checkLines(readLines(stream, { lineBytesMax, idleMsMax }, deadline))
}

/** Progress about once a second while the put runs, then its result or its problem as the last line. */
async function* progressLines(
  put: (onProgress: (progress: PutProgress) => void) => Promise<PutReport>,
  log: Logger,
): AsyncGenerator<string> {
  let progress: PutProgress = { received: 0, encoded: 0, total: null }
  const last = put(latest => {
    progress = latest
  }).then(report => ({ result: putReportJson(report) }), asProblemLine(log))
  for (;;) {
    const line = await Promise.race([last, pause()])
    if (line !== undefined) {
      yield `${JSON.stringify(line)}\n`
      return
    }
    yield `${JSON.stringify({ progress: putProgressJson(progress) })}\n`
  }
}

function asProblemLine(log: Logger) {
  return (error: unknown) => {
    const failure = toHypershardError(error)
    if (failure.code === 'internal') log.error({ err: error }, 'putting documents failed')
    return { problem: problemOf(failure) }
  }
}

function pause(): Promise<undefined> {
  return new Promise(resolve => {
    setTimeout(() => resolve(undefined), progressEveryMs).unref()
  })
}
