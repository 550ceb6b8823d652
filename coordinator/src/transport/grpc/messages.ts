/** Between the messages of search.proto and what the use cases take and give. */
import type {
  CreateIndexRequest,
  Hit as HitMessage,
  Index,
  PutDocumentsResponse,
  SearchRequest,
  SearchResponse,
} from '@hypershard/proto/search'
import type { CatalogEntry } from '../../catalog/catalog.ts'
import { indexJson } from '../../contract/indexes.ts'
import type { Hit, SearchAnswer } from '../../search/search.ts'
import type { WriteReport } from '../../writing/write-documents.ts'

/** As the HTTP body would have it, so that one schema checks both. An empty string stands for a value not given. */
export function searchBodyOf(request: SearchRequest): Record<string, unknown> {
  const { query, k, cursor, minCoverage, timeoutMs, profile, idsOnly, precision, minSequence } = request
  const { plan, candidates, expansion, recall, filter } = request
  return withoutUnset({
    ...{ query, k, profile, cursor: cursor || undefined, min_coverage: minCoverage, timeout_ms: timeoutMs },
    ...{ ids_only: idsOnly, precision: precision || undefined, min_sequence: minSequence },
    ...{ plan: plan || undefined, candidates, expansion, recall, filter },
  })
}

export function createIndexBodyOf(request: CreateIndexRequest): Record<string, unknown> {
  const { name, model, shards, replicas, fields } = request
  return withoutUnset({ name, model: model || undefined, shards, replicas, fields })
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
    ...{ sequence: sequence ?? 0, problemCode: problem?.code ?? '', problemMessage: problem?.message ?? '' },
    documentsUnreadable: documentsUnreadable ?? undefined,
    unreadable: unreadable.map(({ id, tokens, unknown }) => ({ id, tokens, unknownTokens: unknown })),
    errors: errors.map(({ line, id, code, message }) => ({ line, id: id ?? '', code, message })),
  }
}

export function searchResponse(answer: SearchAnswer): SearchResponse {
  const { hits, profile, plan, nextCursor, tookMs, manifestVersion } = answer
  const { queryTruncated, queryTokens, queryUnknownTokens } = answer
  const { documentsCovered: _, ...coverage } = answer.coverage
  return {
    hits: hits.map(hitMessage),
    coverage: { ...coverage, missing: [...coverage.missing] },
    ...{ plan, tookMs, manifestVersion, queryTruncated, queryTokens, queryUnknownTokens },
    nextCursor: nextCursor ?? '',
    profile:
      profile === undefined
        ? undefined
        : { ...profile, queryForm: queryFormNames[profile.queryForm], shards: [...profile.shards] },
  }
}

const queryFormNames = { weights: 'weights', tokenStates: 'token_states' } as const

function hitMessage({ id, score, document }: Hit): HitMessage {
  const fields = document === undefined ? undefined : JSON.parse(document.fieldsJson || '{}')
  return { id, score: score ?? undefined, title: document?.title ?? '', text: document?.text ?? '', fields }
}

function withoutUnset(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
}
