import { fromCodePoints, HypershardError, isErrorCode, type RequestContext } from '@hypershard/common'
import { type ChannelSettings, callUnary, connectClient, isUnimplemented } from '@hypershard/common/grpc'
import {
  type EncodeQueryResponse,
  EncoderServiceClient,
  ModelFile,
  QueryForm,
  type QueryOutcome,
} from '@hypershard/proto/encoder'
import { hyperHeadBytesMax, interpretedPiecesMax } from '@hypershard/proto/limits'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import type { EncoderServicePort, QueryInterpretation } from '../ports.ts'

const forms = { weights: QueryForm.QUERY_FORM_WEIGHTS, tokenStates: QueryForm.QUERY_FORM_TOKEN_STATES } as const
const files = { modelJson: ModelFile.MODEL_FILE_MODEL_JSON, hyperHead: ModelFile.MODEL_FILE_HYPER_HEAD } as const
const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
const cases = { weights: 'qnet', tokenStates: 'tokenStates' } as const

type Form = keyof typeof forms

/**
 * An encoder service over gRPC. What asks whether it lives has a channel of its own: it must not wait behind the megabytes of
 * an answer.
 */
export function connectEncoder(address: string, channel?: ChannelSettings): EncoderServicePort {
  const client = connectClient(EncoderServiceClient, address, channel)
  const control = connectClient(EncoderServiceClient, address, channel)
  const peer = `encoder service ${address}`
  const facts = { 'hypershard.server': address }
  const answerOf = ({ query, truncated, textTokens: tokens, unknownTokens }: EncodeQueryResponse, form: Form) => {
    if (query?.$case === cases[form]) return { payload: query.value, truncated, tokens, unknownTokens }
    throw new HypershardError('internal', `${peer}: asked for ${cases[form]}, was given ${query?.$case ?? 'nothing'}`)
  }
  const encodedOf = ({ answer, failure }: QueryOutcome, form: Form) => {
    if (answer !== undefined) return answerOf(answer, form)
    const { code, message } = failure ?? { code: 'internal', message: `${peer}: gave neither an answer nor a failure` }
    return new HypershardError(isErrorCode(code) ? code : 'internal', message)
  }
  const encodeQuery: EncoderServicePort['encodeQuery'] = async (query, context) => {
    const { modelDigest, text, form, interpret = false } = query
    const request = { modelDigest, text, form: forms[form], precision, interpret }
    const encode = (inner: RequestContext) => callUnary(client.encodeQuery.bind(client), request, inner, peer)
    const answer = await context.step('encode call', encode, facts, 'client')
    const encoded = answerOf(answer, form)
    return interpret ? { ...encoded, interpretation: readInterpretation(answer, { text, peer }) } : encoded
  }
  return {
    describe: deadline => callUnary(control.listModels.bind(control), {}, deadline, peer),
    encodeQuery,
    encodeQueries: async ({ modelDigest, texts, form }, context) => {
      const request = { modelDigest, texts: [...texts], form: forms[form], precision }
      const encode = (inner: RequestContext) => callUnary(client.encodeQueries.bind(client), request, inner, peer)
      const queries = { ...facts, 'hypershard.queries': texts.length }
      try {
        const { outcomes } = await context.step('encode queries call', encode, queries, 'client')
        if (outcomes.length === texts.length) return outcomes.map(outcome => encodedOf(outcome, form))
        throw new HypershardError('internal', `${peer}: gave ${outcomes.length} outcomes for ${texts.length} queries`)
      } catch (error) {
        if (!isUnimplemented(error)) throw error
        const [first, ...others] = texts
        const tooOld = new HypershardError('unavailable', `${peer}: encodes one query at a time; upgrade it`)
        return [await encodeQuery({ modelDigest, text: first!, form }, context), ...others.map(() => tooOld)]
      }
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

/** @throws HypershardError `unavailable` of a service that does not know the field, `internal` for places outside of the text */
function readInterpretation(
  { interpretation }: EncodeQueryResponse,
  { text, peer }: { readonly text: string; readonly peer: string },
): QueryInterpretation {
  if (interpretation === undefined) {
    throw new HypershardError('unavailable', `${peer}: is of a release that finds no pieces in queries; upgrade it`)
  }
  const { pieces, confidence } = interpretation
  const texts = pieces.map(({ spans }) =>
    spans.map(({ begin, end }) => text.slice(...fromCodePoints(text, [begin, end]))).join(' '),
  )
  const isGiven = texts.length === 0 || (texts.length >= 2 && texts.length <= interpretedPiecesMax)
  if (isGiven && texts.every(piece => piece.trim() !== '')) return { pieces: texts, confidence }
  throw new HypershardError('internal', `${peer}: gave pieces of a query that are none: ${JSON.stringify(texts)}`)
}
