import type { handleClientStreamingCall, handleUnaryCall, ServerReadableStream } from '@grpc/grpc-js'
import type { RequestContext, Telemetry } from '@hypershard/common'
import { answerCall, toServiceError, unaryHandler } from '@hypershard/common/grpc'
import {
  countRequestSchema,
  createIndexSchema,
  deleteByFilterSchema,
  explainRequestSchema,
  idempotencyKeySchema,
  indexNameSchema,
  listRequestSchema,
  searchBatchSchema,
  searchRequestSchema,
} from '@hypershard/contract'
import {
  type DeleteByFilterRequest,
  type PutDocumentsRequest,
  type PutDocumentsResponse,
  SearchRequest,
  type SearchServiceServer,
} from '@hypershard/proto/search'
import { z } from 'zod'
import type { AuditedFacts, AuditedRequest, AuditTrail } from '../../access/audit-trail.ts'
import { type Caller, factsOf, mayUse, requireUse } from '../../access/caller.ts'
import { countAs } from '../../access/count-as.ts'
import { deleteByFilterAs } from '../../access/delete-by-filter-as.ts'
import { writeAs } from '../../access/documents-as.ts'
import { explainAs } from '../../access/explain-as.ts'
import { listAs } from '../../access/list-as.ts'
import { searchAs } from '../../access/search-as.ts'
import { searchBatchAs } from '../../access/search-batch-as.ts'
import { hidingClones } from '../../access/visible-names.ts'
import type { Coordinator } from '../../coordinator.ts'
import { toCountInput } from '../../reading/count-documents.ts'
import { toListInput } from '../../reading/list-documents.ts'
import { toExplainedSearch, toSearchInput } from '../../search/search-input.ts'
import { checkRequest } from '../check-request.ts'
import { explanationMessage } from './explanation-message.ts'
import type { GrpcDoor } from './grpc-door.ts'
import {
  countBodyOf,
  countResponse,
  createIndexBodyOf,
  deleteByFilterBodyOf,
  deleteByFilterResponse,
  explainBodyOf,
  indexMessage,
  listBodyOf,
  listResponse,
  outcomeMessage,
  putResponse,
  searchBatchBodyOf,
  searchBodyOf,
  searchResponse,
} from './messages.ts'
import { receiveDocuments } from './receive-documents.ts'

const documentIdSchema = z.string().min(1).max(1_024)

interface SearchServiceOptions {
  readonly door: GrpcDoor
  readonly audit: AuditTrail
  readonly putTimeoutMs: number
  readonly telemetry: Pick<Telemetry, 'log' | 'tracer'>
}

/** The gRPC twin of the HTTP API: the same use cases, checks, limits and errors. */
export function searchService(coordinator: Coordinator, options: SearchServiceOptions): SearchServiceServer {
  const unary = <Request, Response>(work: CallersWork<Request, Response>) => callersHandler(work, options)
  return {
    ...indexCalls(coordinator, options),
    search: unary(async (request, caller, context) => {
      const index = usable(caller, request.index, 'index')
      const body = checkRequest(searchRequestSchema, searchBodyOf(request), 'request')
      const access = { coordinator, door: options.door.door }
      const answer = await searchAs(caller, toSearchInput(index, body), context.within(body.timeout_ms), access)
      return searchResponse(answer)
    }),
    searchBatch: unary(async (request, caller, context) => {
      const startMs = context.deadline.clock.monotonicMs()
      const index = usable(caller, request.index, 'index')
      const body = checkRequest(searchBatchSchema, searchBatchBodyOf(request), 'request')
      const searches = body.searches.map(one => () => toSearchInput(index, one))
      const access = { coordinator, door: options.door.door }
      const batch = { index, searches, protocol: 'grpc' } as const
      const outcomes = await searchBatchAs(caller, batch, context.within(body.timeout_ms), access)
      const tookMs = context.deadline.clock.monotonicMs() - startMs
      return { outcomes: outcomes.map(outcomeMessage), tookMs }
    }),
    explainDocument: unary(async ({ id, search: asked }, caller, context) => {
      const startMs = context.deadline.clock.monotonicMs()
      const request = asked ?? SearchRequest.fromPartial({})
      const index = usable(caller, request.index, 'search.index')
      const body = checkRequest(explainRequestSchema, explainBodyOf(request), 'search')
      const search = toExplainedSearch(index, body)
      const access = { coordinator, door: options.door.door }
      const explained = { id: checkRequest(documentIdSchema, id, 'id'), search }
      const explanation = await explainAs(caller, explained, context.within(body.timeout_ms), access)
      const tookMs = context.deadline.clock.monotonicMs() - startMs
      return explanationMessage({ ...explained, tookMs }, explanation)
    }),
    countDocuments: unary(async (request, caller, context) => {
      const index = usable(caller, request.index, 'index')
      const body = checkRequest(countRequestSchema, countBodyOf(request), 'request')
      const input = toCountInput(index, body)
      return countResponse(await countAs(caller, input, context.within(body.timeout_ms), coordinator))
    }),
    listDocuments: unary(async (request, caller, context) => {
      const index = usable(caller, request.index, 'index')
      const body = checkRequest(listRequestSchema, listBodyOf(request), 'request')
      const input = toListInput(index, body)
      return listResponse(await listAs(caller, input, context.within(body.timeout_ms), coordinator), body.with)
    }),
    deleteByFilter: unary(async (request, caller, context) => {
      const input = deleteByFilterInputOf(request, options)
      const facts = { caller, what: 'deleteByFilter', subject: { index: input.index }, request: context.requestId }
      const audited = await auditedUse(input.index, facts, options)
      const within = context.within(options.putTimeoutMs).with({ principal: caller })
      const report = await deleteByFilterAs(caller, input, within, { coordinator, audited })
      return deleteByFilterResponse(report)
    }),
    putDocuments: putHandler(coordinator, options),
  }
}

function indexCalls(coordinator: Coordinator, options: SearchServiceOptions) {
  const unary = <Request, Response>(work: CallersWork<Request, Response>) => callersHandler(work, options)
  return {
    createIndex: unary(async (request, caller, context) => {
      const input = checkRequest(createIndexSchema, createIndexBodyOf(request), 'request')
      const { name } = input
      const call = { caller, what: 'createIndex', subject: { name }, request: context.requestId }
      const audited = await auditedUse(name, call, options)
      return { index: indexMessage(await audited.run(() => coordinator.createIndex(input, context))) }
    }),
    listIndexes: unary(async (_, caller) => {
      const visible = coordinator.listIndexes().filter(({ record }) => mayUse(caller, record.name))
      return { indexes: visible.map(indexMessage) }
    }),
    getIndex: unary(async ({ name }, caller) => ({ index: indexMessage(coordinator.getIndex(usable(caller, name))) })),
    deleteIndex: unary(async ({ name, withAliases }, caller, context) => {
      const aliases = withAliases ? 'delete' : 'refuse'
      const index = checkRequest(indexNameSchema, name, 'name')
      const subject = { index, ...(withAliases && { aliases }) }
      const audited = await auditedUse(
        index,
        { caller, what: 'deleteIndex', subject, request: context.requestId },
        options,
      )
      await audited.run(() => coordinator.deleteIndex(index, aliases, context).catch(hidingClones(caller)))
      return {}
    }),
  } satisfies Partial<SearchServiceServer>
}

function deleteByFilterInputOf(request: DeleteByFilterRequest, { putTimeoutMs }: SearchServiceOptions) {
  const { idempotencyKey: key, waitForSearchable } = request
  const { filter, min_sequence: minSequence } = checkRequest(
    deleteByFilterSchema,
    deleteByFilterBodyOf(request),
    'request',
  )
  return {
    index: checkRequest(indexNameSchema, request.index, 'index'),
    filter,
    minSequence,
    idempotencyKey: key === '' ? undefined : checkRequest(idempotencyKeySchema, key, 'idempotency_key'),
    waitFor: waitForSearchable ? ('searchable' as const) : ('durable' as const),
    waitMsMax: putTimeoutMs,
  }
}

/** A method's own work, for whoever was let in. */
type CallersWork<Request, Response> = (request: Request, caller: Caller, context: RequestContext) => Promise<Response>

function callersHandler<Request, Response>(
  work: CallersWork<Request, Response>,
  { door, telemetry }: SearchServiceOptions,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const caller = door.callerOf(call)
    const handler = unaryHandler<Request, Response>(
      (request, context) => counted(door, () => work(request, caller, context.with({ principal: caller }))),
      { ...telemetry, log: telemetry.log.child(factsOf(caller)), isPublic: true },
    )
    handler(call, callback)
  }
}

/** Counts who is refused behind the door, as for an index that the body names. */
async function counted<Result>({ door }: GrpcDoor, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    door.meter.answered('grpc', error)
    throw error
  }
}

/** As the HTTP twin is noted, also where the caller may not use the index. @throws HypershardError `forbidden` */
async function auditedUse(index: string, call: AuditedFacts, { audit }: SearchServiceOptions): Promise<AuditedRequest> {
  try {
    requireUse(call.caller, index)
  } catch (error) {
    await audit.refused(call, error)
    throw error
  }
  return audit.request(call)
}

/** The name of an index that the caller may use. */
function usable(caller: Caller, name: string, where = 'name'): string {
  const checked = checkRequest(indexNameSchema, name, where)
  requireUse(caller, checked)
  return checked
}

type PutCall = ServerReadableStream<PutDocumentsRequest, PutDocumentsResponse>

function putHandler(
  coordinator: Coordinator,
  options: SearchServiceOptions,
): handleClientStreamingCall<PutDocumentsRequest, PutDocumentsResponse> {
  return (call, callback) => {
    const { door, telemetry } = options
    const caller = door.callerOf(call)
    const seen = { ...telemetry, log: telemetry.log.child(factsOf(caller)), isPublic: true }
    const put = (context: RequestContext) => putFrom(call, coordinator, { ...options, caller }, context)
    answerCall(call, seen, context => counted(door, () => put(context))).then(
      response => callback(null, response),
      error => callback(toServiceError(error)),
    )
  }
}

async function putFrom(
  call: PutCall,
  coordinator: Coordinator,
  options: SearchServiceOptions & { readonly caller: Caller },
  callContext: RequestContext,
): Promise<PutDocumentsResponse> {
  const { putTimeoutMs, caller } = options
  const context = callContext.within(putTimeoutMs).with({ principal: caller })
  const rulesOf = (index: string) => ({ fields: coordinator.fieldsOf(index), vectors: coordinator.vectorsOf(index) })
  const received = await receiveDocuments(call, rulesOf, context.deadline)
  const index = checkRequest(indexNameSchema, received.index, 'index')
  const facts = { caller, what: 'putDocuments', subject: { index }, request: context.requestId }
  const audited = await auditedUse(index, facts, options)
  const input = { ...received, waitMsMax: putTimeoutMs }
  return putResponse(await writeAs(caller, input, context, { coordinator, audited }))
}
