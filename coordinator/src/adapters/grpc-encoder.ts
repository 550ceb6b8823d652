import { HypershardError, type RequestContext } from '@hypershard/common'
import { type ChannelSettings, callUnary, connectClient } from '@hypershard/common/grpc'
import { EncoderServiceClient, ModelFile, QueryForm } from '@hypershard/proto/encoder'
import { hyperHeadBytesMax } from '@hypershard/proto/limits'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import type { EncoderServicePort } from '../ports.ts'

const forms = { weights: QueryForm.QUERY_FORM_WEIGHTS, tokenStates: QueryForm.QUERY_FORM_TOKEN_STATES } as const
const files = { modelJson: ModelFile.MODEL_FILE_MODEL_JSON, hyperHead: ModelFile.MODEL_FILE_HYPER_HEAD } as const
const cases = { weights: 'qnet', tokenStates: 'tokenStates' } as const

/**
 * An encoder service over gRPC. What asks whether it lives has a channel of its own: it must not wait behind the megabytes of
 * an answer.
 */
export function connectEncoder(address: string, channel?: ChannelSettings): EncoderServicePort {
  const client = connectClient(EncoderServiceClient, address, channel)
  const control = connectClient(EncoderServiceClient, address, channel)
  const peer = `encoder service ${address}`
  const facts = { 'hypershard.server': address }
  return {
    describe: deadline => callUnary(control.listModels.bind(control), {}, deadline, peer),
    encodeQuery: async ({ modelDigest, text, form }, context) => {
      const request = { modelDigest, text, form: forms[form], precision: WeightsPrecision.WEIGHTS_PRECISION_F32 }
      const encode = (inner: RequestContext) => callUnary(client.encodeQuery.bind(client), request, inner, peer)
      const answer = await context.step('encode call', encode, facts, 'client')
      const { query, truncated, textTokens: tokens, unknownTokens } = answer
      if (query?.$case === cases[form]) return { payload: query.value, truncated, tokens, unknownTokens }
      throw new HypershardError('internal', `${peer}: asked for ${cases[form]}, was given ${query?.$case ?? 'nothing'}`)
    },
    scorePairs: async ({ modelDigest, query, texts }, context) => {
      const request = { modelDigest, query, texts: [...texts] }
      const score = (inner: RequestContext) => callUnary(client.scorePairs.bind(client), request, inner, peer)
      const pairs = { ...facts, 'hypershard.pairs': texts.length }
      const { scores, truncated } = await context.step('score pairs call', score, pairs, 'client')
      if (scores.length === texts.length && truncated.length === texts.length) return { scores, truncated }
      throw new HypershardError('internal', `${peer}: gave ${scores.length} scores for ${texts.length} pairs`)
    },
    readModelFile: async ({ modelDigest, file }, deadline) => {
      const pieces: Uint8Array[] = []
      for (let offset = 0; ; offset += pieces.at(-1)!.byteLength) {
        const request = { modelDigest, file: files[file], offset }
        const { content, fileBytes } = await callUnary(client.readModelFile.bind(client), request, deadline, peer)
        if (content.byteLength === 0) return Buffer.concat(pieces)
        const endBytes = offset + content.byteLength
        if (endBytes > Math.min(fileBytes, hyperHeadBytesMax)) {
          const message = `${peer}: gave ${endBytes} bytes of a file of ${fileBytes}, of which ${hyperHeadBytesMax} may be read`
          throw new HypershardError('internal', message)
        }
        pieces.push(content)
      }
    },
    close: () => {
      client.close()
      control.close()
    },
  }
}
