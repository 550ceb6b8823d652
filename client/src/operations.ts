import { answerMsDefault, silenceMsDefault, switchMsDefault, verifyMsDefault } from './limits.ts'

/** One operation of the API, by the name that the OpenAPI document has for it. */
export interface Operation<Path extends string = string> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: Path
  /**
   * Whether it does the same when it is done twice. Deleting does not: the second time there is nothing, or what somebody
   * else has made since.
   */
  readonly repeatable: boolean
  /** How long its answer may take when the caller does not say. */
  readonly answerMsMax: number
}

/** The names in braces of a path, each of which needs a value. */
export type PathParameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Key in Name]: string | number } & PathParameters<Rest>
  : unknown

function get<Path extends string>(path: Path, answerMsMax = answerMsDefault): Operation<Path> {
  return { method: 'GET', path, repeatable: true, answerMsMax }
}

function act<Path extends string>(
  method: Operation['method'],
  path: Path,
  { repeatable = false, answerMsMax = answerMsDefault }: Partial<Pick<Operation, 'repeatable' | 'answerMsMax'>> = {},
): Operation<Path> {
  return { method, path, repeatable, answerMsMax }
}

const index = '/v1/indexes/{index}' as const
const server = '/v1/cluster/servers/{address}' as const
const generation = `${index}/generations/{generation}` as const
const snapshot = `${index}/snapshots/{snapshot}` as const

/** All of the API but its documentation: a test compares the table with what a coordinator serves. */
export const operations = {
  home: get('/'),
  health: get('/healthz'),
  ready: get('/readyz'),
  describeAccess: get('/v1/access'),
  listModels: get('/v1/models'),
  describeCluster: get('/v1/cluster'),
  getServer: get(server),
  drainServer: act('POST', `${server}/drain`, { repeatable: true }),
  undrainServer: act('POST', `${server}/undrain`, { repeatable: true }),

  createIndex: act('POST', '/v1/indexes'),
  listIndexes: get('/v1/indexes'),
  getIndex: get(index),
  deleteIndex: act('DELETE', index),
  search: act('POST', `${index}/search`, { repeatable: true }),
  searchBatch: act('POST', `${index}/search/batch`, { repeatable: true }),

  // Made repeatable by an idempotency key.
  putDocuments: act('PUT', `${index}/documents`, { answerMsMax: silenceMsDefault }),
  deleteDocuments: act('POST', `${index}/documents/delete`, { answerMsMax: silenceMsDefault }),
  deleteByFilter: act('POST', `${index}/documents/delete-by-filter`, { answerMsMax: silenceMsDefault }),
  countDocuments: act('POST', `${index}/documents/count`, { repeatable: true }),
  listDocuments: act('POST', `${index}/documents/list`, { repeatable: true }),
  getDocument: get(`${index}/documents/{id}`),
  explainDocument: act('POST', `${index}/documents/{id}/explain`, { repeatable: true }),

  reindex: act('POST', `${index}/reindex`),
  listGenerations: get(`${index}/generations`),
  getGeneration: get(generation),
  watchGeneration: get(`${generation}/events`),
  listSegments: get(`${generation}/segments`),
  orderGeneration: act('PATCH', generation, { repeatable: true }),
  putSampleQNets: act('PUT', `${generation}/sample-qnets`, { repeatable: true, answerMsMax: silenceMsDefault }),
  cancelGeneration: act('POST', `${generation}/cancel`),
  dropGeneration: act('DELETE', generation),
  compareGeneration: act('POST', `${generation}/compare`, { repeatable: true, answerMsMax: switchMsDefault }),
  promoteGeneration: act('POST', `${generation}/promote`, { answerMsMax: switchMsDefault }),
  rollBack: act('POST', `${index}/rollback`, { answerMsMax: switchMsDefault }),

  verify: act('POST', `${index}/verify`, { repeatable: true, answerMsMax: verifyMsDefault }),
  collect: act('POST', `${index}/collect`, { answerMsMax: verifyMsDefault }),
  listAside: get(`${index}/aside`),

  takeSnapshot: act('POST', `${index}/snapshots`),
  listSnapshots: get(`${index}/snapshots`),
  deleteSnapshot: act('DELETE', snapshot),
  restoreSnapshot: act('POST', `${snapshot}/restore`, { answerMsMax: verifyMsDefault }),
  cloneIndex: act('POST', `${index}/clone`),

  listAliases: get('/v1/aliases'),
  aliasHistory: get('/v1/aliases/history'),
  changeAliases: act('POST', '/v1/aliases', { answerMsMax: switchMsDefault }),
} as const

/** A path with its parameters, relative to the URL of the coordinator. */
export function fillPath(path: string, parameters: Readonly<Record<string, string | number>>): string {
  return path.slice(1).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parameters[name])))
}
