import { parseExactJson, type RequestContext, toHypershardError } from '@hypershard/common'
import {
  deleteBodySchema,
  documentQuerySchema,
  documentSchema,
  indexNameSchema,
  type WriteQuery,
  writeQuerySchema,
  writeReportSchema,
} from '@hypershard/contract'
import { documentBytesMax } from '@hypershard/proto/limits'
import type { StoredDocument } from '@hypershard/storage'
import { z } from 'zod'
import { documentAs, writeAs } from '../../../access/documents-as.ts'
import { toldTo } from '../../../access/tenant.ts'
import { writeProgressJson, writeReportJson } from '../../../answers/write-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { checkLines, checkOperation } from '../../../writing/check-document.ts'
import type { ReceivedOperation } from '../../../writing/operation.ts'
import { readDocuments } from '../../../writing/read-documents.ts'
import type { WriteProgress, WriteReport } from '../../../writing/write-documents.ts'
import { idempotencyKeyOf } from '../idempotency-key-of.ts'
import { problemOf } from '../problem.ts'
import { defineRoute, type Route, type RouteAnswer, type RouteRequest } from '../route.ts'

/** How long a client may send nothing in the middle of a body. */
const idleMsMax = 60_000

const progressEveryMs = 1_000

const oneIndex = z.strictObject({ index: indexNameSchema })
const oneDocument = z.strictObject({ index: indexNameSchema, id: z.string().min(1).max(1_024) })

interface DocumentRouteOptions {
  readonly putTimeoutMs: number
}

export function documentRoutes(coordinator: Coordinator, options: DocumentRouteOptions): Route[] {
  const writing = {
    answer: { status: 200, description: 'What became of the lines', schema: writeReportSchema, stream: 'ndjson' },
  } as const
  return [
    defineRoute({
      ...writing,
      method: 'PUT',
      path: '/v1/indexes/{index}/documents',
      id: 'putDocuments',
      scope: 'write',
      keepsToFilter: true,
      tag: 'documents',
      summary: 'Put and delete documents',
      description:
        'One JSON object a line, or a JSON array of objects: `id` or `_id`, `title`, `text`, and any other key as a field. A document replaces ' +
        'the one with its id. `{"id": …, "_op": "delete"}` deletes; `_if_version` makes a line conditional. With the ' +
        'header `Idempotency-Key` a repetition writes nothing. The answer means that the good lines are durable.',
      params: oneIndex,
      query: writeQuerySchema,
      body: 'ndjson',
      errors: ['index_not_found', 'storage_full', 'idempotency_mismatch', 'request_too_large'],
      timeoutMs: options.putTimeoutMs,
      handle: async request => {
        const { stream, headers, context, params, caller } = request
        const isJson = headers['content-type']?.startsWith('application/json') === true
        const read = readDocuments(stream, { lineBytesMax: documentBytesMax, idleMsMax, isJson }, context.deadline)
        const begin = async () =>
          checkLines(read, coordinator.fieldsOf(params.index), coordinator.vectorsOf(params.index))
        return write(coordinator, request, await toldTo(caller, begin), options)
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v1/indexes/{index}/documents/delete',
      id: 'deleteDocuments',
      scope: 'write',
      keepsToFilter: true,
      tag: 'documents',
      summary: 'Delete documents by id',
      params: oneIndex,
      query: writeQuerySchema,
      body: deleteBodySchema,
      errors: ['index_not_found', 'storage_full', 'idempotency_mismatch'],
      timeoutMs: options.putTimeoutMs,
      handle: request => write(coordinator, request, deletions(request.body.ids), options),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/indexes/{index}/documents/{id}',
      id: 'getDocument',
      scope: 'read',
      keepsToFilter: true,
      tag: 'documents',
      summary: 'Read a document as the newest write left it, searchable or not',
      params: oneDocument,
      query: documentQuerySchema,
      answer: { status: 200, description: 'The document and its version', schema: documentSchema },
      errors: ['index_not_found', 'document_not_found'],
      handle: async ({ params, query, caller, context }) => {
        const withVectors = query.vector === 'true'
        const found = await documentAs(caller, { ...params, withVectors }, context, coordinator)
        return { status: 200, json: documentJson(found, withVectors) }
      },
    }),
  ]
}

function documentJson(
  { fields, read, vector, ...document }: StoredDocument,
  withVector: boolean,
): z.input<typeof documentSchema> {
  const truncated = read === undefined ? null : (read.cutOff ?? false)
  const tokens = { tokens: read?.tokens ?? null, unknown_tokens: read?.unknown ?? null, truncated }
  const own = vector === undefined ? null : { ...vector, values: [...vector.values] }
  const known = { ...document, ...tokens, fields: parseExactJson(fields) as Record<string, unknown> }
  return withVector ? { ...known, vector: own } : known
}

type WriteRequest = RouteRequest<{ index: string }, WriteQuery, unknown>

/** One write, answered as JSON, or as progress and then its result. */
async function write(
  coordinator: Coordinator,
  { params, query, caller, audited, context, headers }: WriteRequest,
  operations: AsyncIterable<ReceivedOperation>,
  { putTimeoutMs }: DocumentRouteOptions,
): Promise<RouteAnswer> {
  await toldTo(caller, async () => coordinator.getIndex(params.index))
  const input = {
    index: params.index,
    operations,
    waitFor: query.wait_for,
    idempotencyKey: idempotencyKeyOf(headers),
    waitMsMax: query.wait_timeout_ms ?? putTimeoutMs,
  }
  const run = (onProgress?: (progress: WriteProgress) => void) =>
    writeAs(caller, { ...input, onProgress }, context, { coordinator, audited })
  if (query.progress === 'false') return { status: 200, json: writeReportJson(await run()) }
  return { status: 200, ndjson: progressLines(run, context) }
}

async function* deletions(ids: readonly string[]): AsyncGenerator<ReceivedOperation> {
  for (const [at, id] of ids.entries()) yield { line: at + 1, ...checkOperation({ id, _op: 'delete' }, {}) }
}

/** Progress about once a second while the write runs, then its result or its problem as the last line. */
async function* progressLines(
  run: (onProgress: (progress: WriteProgress) => void) => Promise<WriteReport>,
  context: RequestContext,
): AsyncGenerator<string> {
  let progress: WriteProgress = { received: 0, sequence: null, waiting: null }
  const last = run(latest => {
    progress = latest
  }).then(report => ({ result: writeReportJson(report) }), asProblemLine(context))
  for (;;) {
    const line = await Promise.race([last, pause()])
    if (line !== undefined) {
      yield `${JSON.stringify(line)}\n`
      return
    }
    yield `${JSON.stringify({ progress: writeProgressJson(progress) })}\n`
  }
}

function asProblemLine({ log, requestId }: RequestContext) {
  return (error: unknown) => {
    const failure = toHypershardError(error)
    if (failure.code === 'internal') log.error({ err: error }, 'writing documents failed')
    return { problem: problemOf(failure, requestId) }
  }
}

function pause(): Promise<undefined> {
  return new Promise(resolve => {
    setTimeout(() => resolve(undefined), progressEveryMs).unref()
  })
}
