import { HypershardError, type RequestContext } from '@hypershard/common'
import { type ChannelSettings, callUnary, connectClient, isUnimplemented } from '@hypershard/common/grpc'
import { type EncodeDocumentsResponse, EncoderServiceClient, QueryForm } from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import type { TextRead } from '@hypershard/storage'
import type { EncoderServicePort } from '../ports.ts'

/**
 * An encoder service over gRPC. What asks whether it lives has a channel of its own: it must not wait behind the megabytes of
 * documents.
 */
export function connectEncoder(address: string, channel?: ChannelSettings): EncoderServicePort {
  const client = connectClient(EncoderServiceClient, address, channel)
  const control = connectClient(EncoderServiceClient, address, channel)
  const peer = `encoder service ${address}`
  const facts = { 'hypershard.server': address }
  return {
    describe: deadline => callUnary(control.listModels.bind(control), {}, deadline, peer),
    encodeDocuments: async ({ modelDigest, documents }, context) => {
      const request = { modelDigest, documents: [...documents] }
      const encode = (inner: RequestContext) => callUnary(client.encodeDocuments.bind(client), request, inner, peer)
      const response = await context.step('encode call', encode, facts, 'client')
      const { vectorWidth, truncated } = response
      return { vectors: vectorsOf(response, peer), vectorWidth, truncated, read: readOf(response, documents.length) }
    },
    cutDocuments: async ({ modelDigest, documents, overlap }, context) => {
      const request = { modelDigest, documents: [...documents], overlap }
      const cut = (inner: RequestContext) => callUnary(client.cutDocuments.bind(client), request, inner, peer)
      try {
        return (await context.step('cut call', cut, facts, 'client')).documents
      } catch (error) {
        throw isUnimplemented(error) ? cutsNothing(peer, error) : error
      }
    },
    encodeQuery: async ({ modelDigest, text }, context) => {
      const form = { form: QueryForm.QUERY_FORM_WEIGHTS, precision: WeightsPrecision.WEIGHTS_PRECISION_F32 }
      const request = { modelDigest, text, ...form }
      const encode = (inner: RequestContext) => callUnary(client.encodeQuery.bind(client), request, inner, peer)
      const { query } = await context.step('encode call', encode, facts, 'client')
      if (query?.$case === 'qnet') return { qnet: query.value }
      throw new HypershardError('internal', `${peer}: asked for q-net weights, was given ${query?.$case ?? 'nothing'}`)
    },
    close: () => {
      client.close()
      control.close()
    },
  }
}

/** Another one may; until then documents wait in the log. */
function cutsNothing(peer: string, cause: unknown): HypershardError {
  const message = `${peer} is of a version before passages and cuts no texts; upgrade it, the documents wait in the log`
  return new HypershardError('model_not_served', message, { cause })
}

/** Nothing of an encoder service that is older than these counts. */
function readOf(
  { textTokens, unknownTokens, cutOff }: EncodeDocumentsResponse,
  documents: number,
): TextRead[] | undefined {
  if (textTokens.length !== documents || unknownTokens.length !== documents) return undefined
  return textTokens.map((tokens, at) => ({ tokens, unknown: unknownTokens[at]!, ...(cutOff[at] && { cutOff: true }) }))
}

/** The bytes lie anywhere in a larger buffer; a Float32Array needs a place divisible by 4. */
function vectorsOf({ vectors }: EncodeDocumentsResponse, peer: string): Float32Array {
  if (vectors.byteLength % 4 !== 0) {
    throw new HypershardError('internal', `${peer}: ${vectors.byteLength} bytes of vectors are no whole f32 values`)
  }
  return new Float32Array(vectors.buffer.slice(vectors.byteOffset, vectors.byteOffset + vectors.byteLength))
}
