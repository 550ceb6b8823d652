import type { handleClientStreamingCall, ServerReadableStream } from '@grpc/grpc-js'
import type { RequestContext, Telemetry } from '@hypershard/common'
import { answerCall, type Door, toServiceError, unaryHandler } from '@hypershard/common/grpc'
import { createIndexSchema, indexNameSchema, searchRequestSchema } from '@hypershard/contract'
import type { PutDocumentsRequest, PutDocumentsResponse, SearchServiceServer } from '@hypershard/proto/search'
import type { Coordinator } from '../../coordinator.ts'
import { toSearchInput } from '../../search/search-input.ts'
import { checkRequest } from '../check-request.ts'
import { createIndexBodyOf, indexMessage, putResponse, searchBodyOf, searchResponse } from './messages.ts'
import { receiveDocuments } from './receive-documents.ts'

interface PutOptions {
  readonly putTimeoutMs: number
  readonly telemetry: Pick<Telemetry, 'log' | 'tracer'>
}

/** The gRPC twin of the HTTP API: the same use cases, checks, limits and errors. */
export function searchService(coordinator: Coordinator, options: PutOptions): SearchServiceServer {
  const door: Door = { ...options.telemetry, isPublic: true }
  return {
    createIndex: unaryHandler(async (request, context) => {
      const input = checkRequest(createIndexSchema, createIndexBodyOf(request), 'request')
      return { index: indexMessage(await coordinator.createIndex(input, context)) }
    }, door),
    listIndexes: unaryHandler(async () => ({ indexes: coordinator.listIndexes().map(indexMessage) }), door),
    getIndex: unaryHandler(
      async ({ name }) => ({ index: indexMessage(coordinator.getIndex(checkRequest(indexNameSchema, name, 'name'))) }),
      door,
    ),
    deleteIndex: unaryHandler(async ({ name, withAliases }, context) => {
      const aliases = withAliases ? 'delete' : 'refuse'
      await coordinator.deleteIndex(checkRequest(indexNameSchema, name, 'name'), aliases, context)
      return {}
    }, door),
    search: unaryHandler(async (request, context) => {
      const index = checkRequest(indexNameSchema, request.index, 'index')
      const body = checkRequest(searchRequestSchema, searchBodyOf(request), 'request')
      const answer = await coordinator.search(toSearchInput(index, body), context.within(body.timeout_ms))
      return searchResponse(answer)
    }, door),
    putDocuments: putHandler(coordinator, options, door),
  }
}

type PutCall = ServerReadableStream<PutDocumentsRequest, PutDocumentsResponse>

function putHandler(
  coordinator: Coordinator,
  options: PutOptions,
  door: Door,
): handleClientStreamingCall<PutDocumentsRequest, PutDocumentsResponse> {
  return (call, callback) => {
    answerCall(call, door, context => putFrom(call, coordinator, options, context)).then(
      response => callback(null, response),
      error => callback(toServiceError(error)),
    )
  }
}

async function putFrom(
  call: PutCall,
  coordinator: Coordinator,
  { putTimeoutMs }: PutOptions,
  callContext: RequestContext,
): Promise<PutDocumentsResponse> {
  const context = callContext.within(putTimeoutMs)
  const received = await receiveDocuments(call, index => coordinator.fieldsOf(index), context.deadline)
  checkRequest(indexNameSchema, received.index, 'index')
  const input = { ...received, waitMsMax: putTimeoutMs }
  return putResponse(await coordinator.writeDocuments(input, context))
}
