/** Between the messages of search.proto and what the use cases take and give. */

import { encodeBase64, HypershardError, isExactNumber, parseExactJson } from '@hypershard/common'
import { activations, type ListedPart, type SearchOptionName, searchOptionNames } from '@hypershard/contract'
import type { QNetArchitecture } from '@hypershard/proto/qnet'
import type {
  CountDocumentsRequest,
  CountDocumentsResponse,
  Coverage as CoverageMessage,
  CreateIndexRequest,
  DeleteByFilterRequest,
  DeleteByFilterResponse,
  ExternalVectors,
  FacetCounts as FacetMessage,
  HitGroup as GroupMessage,
  Highlight as HighlightMessage,
  HighlightSpec,
  Hit as HitMessage,
  Index,
  ListDocumentsRequest,
  ListDocumentsResponse,
  SearchOutcome as OutcomeMessage,
  RerankOutcome as OutcomeOfRerank,
  OwnQNet,
  Profile,
  PutDocumentsResponse,
  SearchBatchRequest,
  SearchRequest,
  SearchResponse,
  Sort,
} from '@hypershard/proto/search'
import type { SearchOutcome } from '../../access/search-batch-as.ts'
import { indexJson } from '../../answers/index-json.ts'
import type { CatalogEntry } from '../../catalog/catalog.ts'
import type { CountAnswer } from '../../reading/count-documents.ts'
import type { ListAnswer } from '../../reading/list-documents.ts'
import type { Coverage } from '../../search/coverage.ts'
import { passageOf } from '../../search/passage-of.ts'
import type { Highlight, Hit, HitGroup, RerankOutcome, SearchAnswer } from '../../search/search-answer.ts'
import type { SearchProfile } from '../../search/search-profile.ts'
import type { FacetCounts } from '../../search/stages/count-facets.ts'
import type { DeleteByFilterReport } from '../../writing/delete-by-filter.ts'
import type { WriteReport } from '../../writing/write-documents.ts'
import { expressionBodyOf } from './expression-body.ts'
import { parseObjectText } from './parse-object-text.ts'
import { valueMessage } from './value-message.ts'

/** As the HTTP body would have it, so that one schema checks both. An empty string stands for a value not given. */
export function searchBodyOf(request: SearchRequest): Record<string, unknown> {
  const { k, cursor, minCoverage, timeoutMs, profile, idsOnly, minSequence, cache, interpret } = request
  return withoutUnset({
    query: queryOf(request),
    vector: request.vector?.length ? vectorBodyOf(request.vector, request.vectorPrecision) : undefined,
    qnet: request.qnet && qnetBodyOf(request.qnet),
    like: request.like,
    k,
    interpret,
    profile,
    cache,
    cursor: cursor || undefined,
    min_coverage: minCoverage,
    timeout_ms: timeoutMs,
    ids_only: idsOnly,
    min_sequence: minSequence,
    facets: request.facets.length === 0 ? undefined : request.facets.map(facet => withoutUnset({ ...facet })),
    sort: request.sort.length === 0 ? undefined : request.sort.map(sortBodyOf),
    group_by: request.groupBy && withoutUnset({ ...request.groupBy }),
    highlight: request.highlight && highlightBodyOf(request.highlight),
    ...optionsOf(request),
  })
}

/** @throws HypershardError `invalid_request` */
function queryOf({ query, expression }: SearchRequest): unknown {
  if (expression === undefined) return query || undefined
  if (query === '') return expressionBodyOf(expression, { vectorBodyOf, qnetBodyOf })
  throw new HypershardError('invalid_request', 'query and expression are both given; leave one out')
}

function sortBodyOf({ field, order }: Sort): Record<string, unknown> {
  return withoutUnset({ field, order: order || undefined })
}

function vectorBodyOf(vector: Uint8Array, precision: string): unknown {
  const values = encodeBase64(vector)
  return precision === '' ? values : { values, precision }
}

function highlightBodyOf({ analyzer, ...sizes }: HighlightSpec): Record<string, unknown> {
  return withoutUnset({ ...sizes, analyzer: analyzer || undefined })
}

/** What stands once for the batch is refused of one of its searches, as a key that is not known. */
export function searchBatchBodyOf({ searches, timeoutMs }: SearchBatchRequest): Record<string, unknown> {
  const bodyOf = (search: SearchRequest) =>
    withoutUnset({ ...searchBodyOf(search), index: search.index === '' ? undefined : search.index })
  return withoutUnset({ searches: searches.map(bodyOf), timeout_ms: timeoutMs })
}

/** What an explanation has no use for is refused if it is given. */
export function explainBodyOf(request: SearchRequest): Record<string, unknown> {
  const { profile, ids_only: idsOnly, min_sequence: minSequence, ...body } = searchBodyOf(request)
  return withoutUnset({
    ...body,
    profile: profile || undefined,
    ids_only: idsOnly || undefined,
    min_sequence: minSequence,
  })
}

function qnetBodyOf({ weights, form, precision, architecture, digest, model }: OwnQNet): Record<string, unknown> {
  return withoutUnset({
    weights: encodeBase64(weights),
    form: form || undefined,
    precision: precision || undefined,
    architecture: architecture && shapeBodyOf(architecture),
    digest: digest || undefined,
    model: model || undefined,
  })
}

function shapeBodyOf({ vectorDimensions, activation, ...flags }: QNetArchitecture): Record<string, unknown> {
  return {
    vector_dimensions: vectorDimensions,
    activation: activations[activation - 1],
    layer_norm: flags.layerNorm,
    layer_norm_before_residual: flags.layerNormBeforeResidual,
    residual: flags.residual,
    residual_on_last: flags.residualOnLast,
  }
}

/** The message has a field for every option, of the same name. */
function optionsOf(request: SearchRequest): Record<SearchOptionName, unknown> {
  const options = searchOptionNames.map(name => [name, request[name] === '' ? undefined : request[name]])
  const { hybrid } = request
  return {
    ...Object.fromEntries(options),
    filter: filterOf(request),
    hybrid: hybrid && withoutUnset({ ...hybrid, fusion: hybrid.fusion || undefined }),
    rerank: rerankOf(request),
  }
}

function rerankOf({ rerank }: SearchRequest): unknown {
  return rerank && withoutUnset({ model: rerank.model, candidates: rerank.candidates, timeout_ms: rerank.timeoutMs })
}

/** @throws HypershardError `invalid_request` */
function filterOf({ filter, filterJson }: Pick<SearchRequest, 'filter' | 'filterJson'>): unknown {
  if (filterJson === '') return filter
  if (filter !== undefined) {
    throw new HypershardError('invalid_request', 'filter and filter_json are both given; leave one out')
  }
  return parseObjectText(filterJson, 'filter_json')
}

export function countBodyOf(request: CountDocumentsRequest): Record<string, unknown> {
  const { minCoverage, minSequence, timeoutMs } = request
  const rest = { min_coverage: minCoverage, min_sequence: minSequence, timeout_ms: timeoutMs }
  return withoutUnset({ filter: filterOf(request), ...rest })
}

export function countResponse({ coverage, ...facts }: CountAnswer): CountDocumentsResponse {
  return { ...facts, coverage: coverageMessage(coverage) }
}

/** An empty list cannot be told from one that is not given, so there is a word for ids alone. */
export function listBodyOf(request: ListDocumentsRequest): Record<string, unknown> {
  const { limit, cursor, with: parts, idsOnly, minSequence, timeoutMs } = request
  if (idsOnly && parts.length > 0) {
    throw new HypershardError('invalid_request', 'ids_only and with are both given; leave one out')
  }
  const rest = { limit, cursor: cursor || undefined, min_sequence: minSequence, timeout_ms: timeoutMs }
  return withoutUnset({ filter: filterOf(request), with: idsOnly || parts.length > 0 ? parts : undefined, ...rest })
}

export function listResponse(
  { documents, nextCursor, manifestVersion, modelDigest, tookMs }: ListAnswer,
  parts: readonly ListedPart[],
): ListDocumentsResponse {
  const isVector = parts.includes('vector')
  const listed = documents.map(document => ({
    ...document,
    fieldsJson: parts.includes('fields') ? document.fieldsJson || '{}' : '',
    vectorModel: isVector && document.vector.length > 0 ? modelDigest : '',
  }))
  return { documents: listed, nextCursor: nextCursor ?? '', manifestVersion, tookMs }
}

export function deleteByFilterBodyOf(request: DeleteByFilterRequest): Record<string, unknown> {
  return withoutUnset({ filter: filterOf(request), min_sequence: request.minSequence })
}

export function deleteByFilterResponse({ problem, ...report }: DeleteByFilterReport): DeleteByFilterResponse {
  const told = { problemCode: problem?.code ?? '', problemMessage: problem?.message ?? '' }
  return { ...report, ...told, deleted: report.deleted ?? undefined, sequence: report.sequence ?? 0 }
}

export function createIndexBodyOf(request: CreateIndexRequest): Record<string, unknown> {
  const { name, model, shards, replicas, fields, vectors, lexical, passages, beginningsOnly } = request
  if (beginningsOnly && passages !== undefined) {
    throw new HypershardError('invalid_request', 'passages and beginnings_only are both given; leave one out')
  }
  return withoutUnset({
    name,
    model: model || undefined,
    vectors: vectors && vectorsBodyOf(vectors),
    shards,
    replicas,
    fields,
    passages: beginningsOnly ? false : passages && withoutUnset({ ...passages }),
    lexical,
  })
}

function vectorsBodyOf({ width, scorer }: ExternalVectors): Record<string, unknown> {
  return withoutUnset({ width, scorer: scorer && shapeBodyOf(scorer) })
}

export function indexMessage(entry: CatalogEntry): Index {
  const { model, manifest_version: manifestVersion, created_at: createdAt, ...counts } = indexJson(entry)
  const { documents_truncated: documentsTruncated, documents_aside: documentsAside, ...more } = counts
  const { documents_unreadable: documentsUnreadable, unknown_token_share: unknownTokenShare, ...others } = more
  return {
    ...others,
    documentsTruncated,
    documentsAside,
    documentsUnreadable,
    unknownTokenShare: unknownTokenShare ?? undefined,
    passages: counts.passages,
    lexical: counts.lexical,
    modelName: model.name,
    modelDigest: model.digest,
    manifestVersion,
    createdAt,
  }
}

export function putResponse(report: WriteReport): PutDocumentsResponse {
  const { errors, problem, sequence, documentsUnreadable, unreadable, ...facts } = report
  return {
    ...facts,
    sequence: sequence ?? 0,
    problemCode: problem?.code ?? '',
    problemMessage: problem?.message ?? '',
    documentsUnreadable: documentsUnreadable ?? undefined,
    unreadable: unreadable.map(({ id, tokens, unknown }) => ({ id, tokens, unknownTokens: unknown })),
    errors: errors.map(({ line, id, code, message }) => ({ line, id: id ?? '', code, message })),
  }
}

export function searchResponse(answer: SearchAnswer): SearchResponse {
  const { hits, profile, plan, nextCursor, tookMs, manifestVersion } = answer
  const { queryTruncated, queryTokens, queryUnknownTokens, cached } = answer
  return {
    hits: hits.map(hitMessage),
    groups: (answer.groups ?? []).map(groupMessage),
    facets: (answer.facets ?? []).map(facetMessage),
    coverage: coverageMessage(answer.coverage),
    plan,
    tookMs,
    manifestVersion,
    queryTruncated,
    queryTokens,
    queryUnknownTokens,
    cached,
    nextCursor: nextCursor ?? '',
    rerank: answer.rerank && rerankMessage(answer.rerank),
    leaves: [...(answer.leaves ?? [])],
    interpretation: interpretationMessage(answer),
    profile: profile && profileMessage(profile),
  }
}

function interpretationMessage({ interpretation }: SearchAnswer): SearchResponse['interpretation'] {
  return interpretation?.any.length ? { any: [...interpretation.any] } : undefined
}

function rerankMessage({ model, code, message, scored: _, ...outcome }: RerankOutcome): OutcomeOfRerank {
  return { ...outcome, modelName: model.name, modelDigest: model.digest, code: code ?? '', message: message ?? '' }
}

export function coverageMessage({ documentsCovered: _, ...coverage }: Coverage): CoverageMessage {
  return { ...coverage, missing: [...coverage.missing] }
}

function profileMessage(profile: SearchProfile): Profile {
  const { queryForm, likeBy = '', shards } = profile
  return { ...profile, queryForm: queryFormNames[queryForm], likeBy, shards: [...shards] }
}

export function outcomeMessage(outcome: SearchOutcome): OutcomeMessage {
  if ('answer' in outcome) return { answer: searchResponse(outcome.answer), failure: undefined }
  const { code, message, details, row } = outcome.problem
  const failure = { code, message, retryable: row.retryable, detailsJson: JSON.stringify(details) }
  return { answer: undefined, failure }
}

function groupMessage({ type, value, hits }: HitGroup): GroupMessage {
  return { value: value === undefined ? undefined : valueMessage(type, value), hits: hits.map(hitMessage) }
}

function facetMessage({ field, type, values, distinct }: FacetCounts): FacetMessage {
  return { field, values: values.map(({ value, count }) => ({ value: valueMessage(type, value), count })), distinct }
}

const queryFormNames = { weights: 'weights', tokenStates: 'token_states' } as const

function hitMessage(hit: Hit): HitMessage {
  const { id, score, document, passage, rerankScore, estimate, scores, composed, highlight } = hit
  const fieldsJson = document === undefined ? undefined : document.fieldsJson || '{}'
  const exact = fieldsJson === undefined ? undefined : parseExactJson(fieldsJson)
  const fields = structOf(exact) as Record<string, unknown> | undefined
  return {
    id,
    score: score ?? undefined,
    title: document?.title ?? '',
    text: document?.text ?? '',
    fields,
    fieldsJson: fieldsJson !== undefined && !isHeldByStruct(fields, fieldsJson) ? fieldsJson : '',
    rerankScore,
    estimate,
    leaf: composed?.leaf,
    leafScores: [...(composed?.scores ?? [])],
    passage: passage && { text: undefined, ...passageOf(passage, document?.text) },
    ...(scores && { scores: { qnet: scores.qnet ?? undefined, lexical: scores.lexical } }),
    highlight: highlight && highlightMessage(highlight),
  }
}

function highlightMessage({ fragments, partial }: Highlight): HighlightMessage {
  return { fragments: fragments.map(({ marks, ...fragment }) => ({ ...fragment, marks: [...marks] })), partial }
}

/** Generated code cannot set the key `__proto__` of a Struct. */
function isHeldByStruct(fields: unknown, json: string): boolean {
  return JSON.stringify(fields) === json && !json.includes('"__proto__":')
}

/** The nearest that a Struct can hold: numbers are doubles, and infinities are refused by many who read one. */
function structOf(value: unknown): unknown {
  if (isExactNumber(value)) {
    const double = Number(value.rawJSON)
    return Number.isFinite(double) ? double : value.rawJSON
  }
  if (Array.isArray(value)) return value.map(structOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structOf(inner)]))
}

function withoutUnset(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
}
