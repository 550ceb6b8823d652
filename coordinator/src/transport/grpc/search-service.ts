import type { handleClientStreamingCall, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js'
import { HypershardError, type Logger } from '@hypershard/common'
import { contextOfCall, toServiceError, unaryHandler } from '@hypershard/common/grpc'
import { createIndexSchema, indexNameSchema, searchRequestSchema } from '@hypershard/contract'
import type { PutDocumentsRequest, PutDocumentsResponse, SearchServiceServer } from '@hypershard/proto/search'
import type { Coordinator } from '../../coordinator.ts'
import { toSearchInput } from '../../search/search-input.ts'
import { checkRequest } from '../check-request.ts'
import { createIndexBodyOf, indexMessage, putResponse, searchBodyOf, searchResponse } from './messages.ts'
import { receiveDocuments } from './receive-documents.ts'

interface PutOptions {
  readonly putTimeoutMs: number
  readonly log: Logger
}

/** The gRPC twin of the HTTP API: the same use cases, checks, limits and errors. */
export function searchService(coordinator: Coordinator, options: PutOptions): SearchServiceServer {
  const { log } = options
  return {
    createIndex: unaryHandler(async (request, context) => {
      const input = checkRequest(createIndexSchema, createIndexBodyOf(request), 'request')
      return { index: indexMessage(await coordinator.createIndex(input, context)) }
    }, log),
    listIndexes: unaryHandler(async () => ({ indexes: coordinator.listIndexes().map(indexMessage) }), log),
    getIndex: unaryHandler(
      async ({ name }) => ({ index: indexMessage(coordinator.getIndex(checkRequest(indexNameSchema, name, 'name'))) }),
      log,
    ),
    deleteIndex: unaryHandler(async ({ name, withAliases }, context) => {
      const aliases = withAliases ? 'delete' : 'refuse'
      await coordinator.deleteIndex(checkRequest(indexNameSchema, name, 'name'), aliases, context)
      return {}
    }, log),
    search: unaryHandler(async (request, context) => {
      const index = checkRequest(indexNameSchema, request.index, 'index')
      const body = checkRequest(searchRequestSchema, searchBodyOf(request), 'request')
      const answer = await coordinator.search(toSearchInput(index, body), context.within(body.timeout_ms))
      return searchResponse(answer)
    }, log),
    putDocuments: putHandler(coordinator, options),
  }
}

type PutCall = ServerReadableStream<PutDocumentsRequest, PutDocumentsResponse>

function putHandler(
  coordinator: Coordinator,
  options: PutOptions,
): handleClientStreamingCall<PutDocumentsRequest, PutDocumentsResponse> {
  const { log } = options
  return (call, callback) => {
    putFrom(call, coordinator, options).then(
      response => callback(null, response),
      error => {
        if (!(error instanceof HypershardError)) log.error({ err: error, method: call.getPath() }, 'call failed')
        callback(toServiceError(error))
      },
    )
  }
}

async function putFrom(
  call: PutCall,
  coordinator: Coordinator,
  { putTimeoutMs, log }: PutOptions,
): Promise<PutDocumentsResponse> {
  // The two kinds of call differ in the events they declare; `cancelled` is an event of both.
  const context = contextOfCall(call as unknown as ServerUnaryCall<unknown, unknown>, log).within(putTimeoutMs)
  const received = await receiveDocuments(call, index => coordinator.fieldsOf(index), context.deadline)
  checkRequest(indexNameSchema, received.index, 'index')
  const input = { ...received, waitMsMax: putTimeoutMs }
  return putResponse(await coordinator.writeDocuments(input, context))
}
