/** Of gRPC's status codes (https://grpc.github.io/grpc/core/md_doc_statuscodes.html) those that stand in the catalogue. */
const status = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

/** How one error code shows itself outside. `docs/errors.md` has the same rows; a test compares them. */
export interface CatalogueRow {
  /** HTTP status of the problem details. */
  readonly http: number
  /** gRPC status of the call. */
  readonly grpc: number
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean
  /** What happened, in a few words: the `title` of the problem details. */
  readonly title: string
}

const row = (http: number, grpc: number, retryable: boolean, title: string): CatalogueRow =>
  Object.freeze({ http, grpc, retryable, title })

/** Every failure that hypershard reports, by code. */
export const errorCatalogue = Object.freeze({
  invalid_request: row(400, status.INVALID_ARGUMENT, false, 'The request is not valid'),
  invalid_cursor: row(400, status.INVALID_ARGUMENT, false, 'The cursor does not belong to this search'),
  unauthenticated: row(401, status.UNAUTHENTICATED, false, 'No valid API key was sent'),
  forbidden: row(403, status.PERMISSION_DENIED, false, 'The API key may not do this'),
  route_not_found: row(404, status.UNIMPLEMENTED, false, 'There is no such route'),
  index_not_found: row(404, status.NOT_FOUND, false, 'There is no such index'),
  model_not_found: row(404, status.NOT_FOUND, false, 'There is no such model'),
  server_not_found: row(404, status.NOT_FOUND, false, 'There is no such shard server'),
  document_not_found: row(404, status.NOT_FOUND, false, 'There is no such document'),
  generation_not_found: row(404, status.NOT_FOUND, false, 'There is no such generation'),
  alias_not_found: row(404, status.NOT_FOUND, false, 'There is no such alias'),
  snapshot_not_found: row(404, status.NOT_FOUND, false, 'There is no such snapshot'),
  snapshot_exists: row(409, status.ALREADY_EXISTS, false, 'The snapshot exists already'),
  index_in_use: row(409, status.FAILED_PRECONDITION, false, 'Clones or aliases need this index'),
  index_exists: row(409, status.ALREADY_EXISTS, false, 'The index exists already'),
  query_unknown: row(409, status.FAILED_PRECONDITION, true, 'The server does not have this query any more'),
  model_mismatch: row(409, status.FAILED_PRECONDITION, false, 'The q-net and the documents are of different models'),
  conflict: row(409, status.ABORTED, true, 'Another writer came first'),
  version_mismatch: row(409, status.FAILED_PRECONDITION, false, 'The document has another version'),
  wrong_phase: row(409, status.FAILED_PRECONDITION, false, 'The generation is in another phase'),
  idempotency_mismatch: row(422, status.FAILED_PRECONDITION, false, 'The idempotency key stands for another write'),
  request_too_large: row(413, status.OUT_OF_RANGE, false, 'The request is too large'),
  unsupported_media_type: row(415, status.INVALID_ARGUMENT, false, 'The content type is not supported'),
  unsupported_encoding: row(415, status.INVALID_ARGUMENT, false, 'The content encoding is not supported'),
  rate_limited: row(429, status.RESOURCE_EXHAUSTED, true, 'The limit of the API key is used up'),
  overloaded: row(429, status.RESOURCE_EXHAUSTED, true, 'Too much work is waiting'),
  cancelled: row(499, status.CANCELLED, true, 'The caller went away'),
  internal: row(500, status.INTERNAL, false, 'A defect in hypershard'),
  invalid_model: row(500, status.FAILED_PRECONDITION, false, 'A model directory cannot be used'),
  corrupt_data: row(500, status.DATA_LOSS, false, 'Stored data is torn or altered'),
  storage_failed: row(500, status.INTERNAL, true, 'The object store failed'),
  insufficient_coverage: row(503, status.UNAVAILABLE, true, 'Too few documents could be searched'),
  unavailable: row(503, status.UNAVAILABLE, true, 'A server cannot be reached'),
  model_not_served: row(503, status.UNAVAILABLE, true, 'No encoder service has the model of the index'),
  deadline_exceeded: row(504, status.DEADLINE_EXCEEDED, true, 'The deadline passed'),
  storage_full: row(507, status.RESOURCE_EXHAUSTED, true, 'The disk is full'),
  invalid_config: row(500, status.FAILED_PRECONDITION, false, 'A setting is missing or wrong'),
  address_in_use: row(500, status.FAILED_PRECONDITION, false, 'The address is taken'),
}) satisfies Readonly<Record<string, CatalogueRow>>

export type ErrorCode = keyof typeof errorCatalogue

/** Whether a string from outside is a code of the catalogue. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code)
}
