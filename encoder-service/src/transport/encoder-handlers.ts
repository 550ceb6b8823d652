import { type Door, unaryHandler } from '@hypershard/common/grpc'
import {
  type CrossEncoder,
  type EncodeDocumentsResponse,
  type EncodeQueryRequest,
  type EncodeQueryResponse,
  type EncoderServiceServer,
  type Model,
  QueryForm,
} from '@hypershard/proto/encoder'
import { architectureToProto, parameterCount, vectorWidth } from '@hypershard/qnet'
import type { BatchedAnswer } from '../batching/dynamic-batcher.ts'
import type { EncodedDocuments, Encoder } from '../encoder.ts'
import type { EncodedQuery, LoadedCrossEncoder, LoadedModel } from '../encoding/worker-protocol.ts'
import type { Interpretation } from '../interpretation/interpreter.ts'
import type { ServiceState } from '../service-state.ts'
import { encodeEach } from './encode-each.ts'
import { readModelFile } from './read-model-file.ts'
import { readCut, readDocuments, readPairs, readQuery } from './read-request.ts'
import { readCrossEncoder, readModel } from './served-models.ts'

/** The gRPC methods of `hypershard.v1.EncoderService`. */
export function encoderHandlers(encoder: Encoder, state: ServiceState, door: Door): EncoderServiceServer {
  const { models, crossEncoders } = encoder
  const served = { models, crossEncoders }
  return {
    listModels: unaryHandler(async () => {
      const listed = { models: models.map(modelToProto), crossEncoders: crossEncoders.map(pairModelToProto) }
      const { query: queries, document: documents, pair: pairs } = encoder.waiting
      return { ...listed, ...state.answer(), waiting: { queries, documents, pairs } }
    }, door),
    encodeQuery: unaryHandler(async (request, context) => {
      const model = readModel(served, request.modelDigest)
      const query = readQuery(request, models[model]!)
      const answer = await encoder.encodeQuery(model, query, context)
      return queryToProto(models[model]!, request, answer)
    }, door),
    encodeQueries: unaryHandler(async (request, context) => {
      const model = readModel(served, request.modelDigest)
      const encode = async (one: EncodeQueryRequest) =>
        queryToProto(models[model]!, one, await encoder.encodeQuery(model, readQuery(one, models[model]!), context))
      return encodeEach(request, encode, context)
    }, door),
    encodeDocuments: unaryHandler(async (request, context) => {
      const model = readModel(served, request.modelDigest)
      const answer = await encoder.encodeDocuments(model, readDocuments(request), context)
      return documentsToProto(models[model]!, answer)
    }, door),
    cutDocuments: unaryHandler(async (request, context) => {
      const model = readModel(served, request.modelDigest)
      const { documents, overlap } = readCut(request)
      return { documents: await encoder.cutDocuments(model, documents, { overlap, context }) }
    }, door),
    scorePairs: unaryHandler(async (request, context) => {
      const model = readCrossEncoder(served, request.modelDigest)
      const { runMs: scoreMs, ...scored } = await encoder.scorePairs(model, readPairs(request), context)
      return { ...scored, scores: [...scored.scores], truncated: [...scored.truncated], scoreMs }
    }, door),
    readModelFile: unaryHandler(async request => {
      return readModelFile(models[readModel(served, request.modelDigest)]!, request)
    }, door),
  }
}

function modelToProto({ digest, settings, languages, bytes, kernel, interprets }: LoadedModel): Model {
  const { name, description, license, source, tokenizer, qnet } = settings
  return {
    digest,
    name,
    description,
    license,
    source,
    languages: [...languages],
    architecture: architectureToProto(qnet),
    vectorWidth: vectorWidth(qnet),
    maxQueryTokens: tokenizer.maxQueryTokens,
    maxDocumentTokens: tokenizer.maxDocumentTokens,
    bytes,
    qnetParameters: parameterCount(qnet),
    documentKernel: kernel,
    interprets,
  }
}

function pairModelToProto(model: LoadedCrossEncoder): CrossEncoder {
  const { digest, settings, languages, bytes, tokenParameters } = model
  const { name, description, license, source, tokenizer } = settings
  const { maxTokens, maxQueryTokens } = tokenizer
  const facts = { digest, name, description, license, source, languages: [...languages], bytes, tokenParameters }
  return { ...facts, maxTokens, maxQueryTokens }
}

function documentsToProto(model: LoadedModel, { vectors, truncated, read }: EncodedDocuments): EncodeDocumentsResponse {
  return {
    vectorWidth: vectorWidth(model.settings.qnet),
    vectors: Buffer.from(vectors.buffer),
    truncated,
    textTokens: read.map(({ textTokens }) => textTokens),
    unknownTokens: read.map(({ unknownTokens }) => unknownTokens),
    cutOff: read.map(own => own.truncated),
  }
}

function queryToProto(
  model: LoadedModel,
  request: EncodeQueryRequest,
  encoded: BatchedAnswer<EncodedQuery>,
): EncodeQueryResponse {
  const answer = encoded.answers[0]!
  return {
    query: formToProto(model, request, answer),
    tokens: answer.tokens,
    truncated: answer.truncated,
    textTokens: answer.textTokens,
    unknownTokens: answer.unknownTokens,
    queueMs: encoded.queueMs,
    encodeMs: encoded.runMs,
    interpretation: answer.interpretation && interpretationToProto(answer.interpretation),
  }
}

function interpretationToProto({ pieces, confidence }: Interpretation): EncodeQueryResponse['interpretation'] {
  return { pieces: pieces.map(spans => ({ spans: [...spans] })), confidence }
}

function formToProto(
  model: LoadedModel,
  { form, precision }: EncodeQueryRequest,
  answer: EncodedQuery,
): EncodeQueryResponse['query'] {
  const { digest: modelDigest, settings } = model
  const bytes = Buffer.from(answer.bytes.buffer)
  const { digest, tokens } = answer
  if (form === QueryForm.QUERY_FORM_TOKEN_STATES) {
    const width = settings.encoder.hiddenWidth
    return { $case: 'tokenStates', value: { digest, modelDigest, tokens, width, states: bytes } }
  }
  const architecture = architectureToProto(settings.qnet)
  return { $case: 'qnet', value: { digest, modelDigest, architecture, precision, weights: bytes } }
}
