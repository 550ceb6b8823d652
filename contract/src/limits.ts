/**
 * The limits of the public API, for whoever makes a request. They are stated in proto/limits.ts, beside those that the
 * processes hold each other to: several belong together (`candidatesAskedMax` and what is made of it for a shard server),
 * and a shard server or an encoder service needs no public contract to read its own. So the numbers stay there, once.
 */
export {
  batchHitsMax,
  batchSearchesMax,
  candidatesAskedMax,
  documentBytesMax,
  documentsPerSecondMax,
  expansionMax,
  expressionDepthMax,
  facetsMax,
  facetValuesListedMax,
  facetValuesMax,
  hasMoreCharacters,
  hitsMax,
  leavesMax,
  likedDocumentsMax,
  listedDocumentsMax,
  nodeWeightMax,
  ownQNetBytesMax,
  parityQueriesMax,
  passageOverlapMax,
  queryCharactersMax,
  replicasMax,
  rerankCandidatesMax,
  sampleQueriesMax,
  sampleQueriesMin,
  sampleQueryCharactersMax,
  shardsAskedMax,
  sortFieldsMax,
  timeoutMsMax,
  vectorWidthMax,
} from '@hypershard/proto/limits'

/** Bad lines of a write that its answer names; `failed` counts them all. */
export const lineErrorsMax = 1_000

/** How long a search may take that does not say it: here, where a client can read it without the schemas. */
export const searchMsDefault = 10_000

/** A cursor holds two ids, or an id and five keywords, of at most 512 bytes each, escaped as JSON and then as base64url. */
export const cursorCharactersMax = 32_768

/** Hits of a page with highlights: their texts are read on the thread that answers. */
export const highlightedHitsMax = 100

/** Of highlights: sentences of a text, and characters of a sentence. */
export const highlightFragmentsMax = 10
export const highlightLengthMin = 20
export const highlightLengthMax = 1_000

/** Documents that one deletion by filter deletes: its ids are in memory until they are in the log. */
export const deletedByFilterMax = 200_000
