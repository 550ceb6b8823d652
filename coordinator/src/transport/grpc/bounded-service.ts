import { HypershardError } from '@hypershard/common'
import { SearchServiceService } from '@hypershard/proto/search'
import { requestBytesMax } from '../request-bytes-max.ts'
import { bytesBesideField } from './bytes-beside-field.ts'

/** `SearchRequest.qnet` in search.proto. */
const qnetField = 19

/** Stands where a message would that was too large to be read. */
class TooLargeMessage {
  readonly bytes: number

  constructor(bytes: number) {
    this.bytes = bytes
  }
}

/**
 * The service with requests as large as their HTTP twins: to read one of megabytes would hold up everybody else's calls.
 * Streams of documents keep the port's limit of messages.
 */
export const boundedSearchService = Object.fromEntries(
  Object.entries(SearchServiceService).map(([name, method]) => [
    name,
    method.requestStream
      ? method
      : { ...method, requestDeserialize: bounded(method.requestDeserialize, name === 'search' ? besideQNet : bytesOf) },
  ]),
) as unknown as typeof SearchServiceService

/** gRPC calls every failure of reading a message internal, so it is told once the message is there. */
function bounded<Message>(read: (bytes: Buffer) => Message, sizeOf: (bytes: Buffer) => number) {
  return (bytes: Buffer): Message | TooLargeMessage =>
    sizeOf(bytes) > requestBytesMax ? new TooLargeMessage(bytes.length) : read(bytes)
}

function bytesOf({ length }: Buffer): number {
  return length
}

/** The weights of a q-net are copied, and cost little; they are held to the port's limit of messages. */
function besideQNet(bytes: Buffer): number {
  return bytes.length > requestBytesMax ? bytesBesideField(bytes, qnetField) : bytes.length
}

/** Why a message was not read, if it was not. */
export function failureToRead(message: unknown): HypershardError | undefined {
  if (!(message instanceof TooLargeMessage)) return undefined
  return new HypershardError('request_too_large', `the request has ${message.bytes} bytes, at most ${requestBytesMax}`)
}
