/**
 * Every limit that more than one process knows of, once: whoever checks a request and whoever makes it read the same
 * line. A limit of one process alone stands where it is used.
 */

/** Of a query's text, in code points, as JSON Schema counts. A limit in characters is told by `hasMoreCharacters`. */
export const queryCharactersMax = 16_384

/** Leaves of a composed query, and how deep its nodes may stand inside of each other, the outermost counted. */
export const leavesMax = 16
export const expressionDepthMax = 4

/** Documents that a query is made of, over all of its leaves. They are no hits of it. */
export const likedDocumentsMax = 32

/** Of a node of a composed query; the least is its inverse. Beyond it the other nodes would say nothing. */
export const nodeWeightMax = 1_000

/** Pieces that a query's text is read as: one of more is left as it is. */
export const interpretedPiecesMax = 8

/** Hits of one page, and documents of one fetch. */
export const hitsMax = 1_000

/** Documents of one page of a listing. */
export const listedDocumentsMax = 1_000

/**
 * Of a listing's answer, texts, fields and vectors together: it ends with the document that comes to so much. One document may
 * have a megabyte, so a thousand of them would not fit a message.
 */
export const listedBytesMax = 8 * 1024 * 1024

/** Searches of one batch, and hits that they may ask for together. */
export const batchSearchesMax = 64
export const batchHitsMax = 10_000

/**
 * Hits of one call to a shard server: one more than a page tells whether there is a further page, and some may be the documents
 * that hits are to be like.
 */
export const hitsOfCallMax = hitsMax + 1 + likedDocumentsMax

/**
 * Facets of one search, values of each that an answer lists, and different values that a field may have among the documents
 * that are counted: more are refused, since a list of the most frequent ones could not be exact.
 */
export const facetsMax = 8
export const facetValuesListedMax = 1_000
export const facetValuesMax = 10_000

/** Fields that hits of one search are sorted by. */
export const sortFieldsMax = 4

/**
 * Hits of all groups up to the end of a page: each page finds the groups before it again. One call to a shard server may have
 * as many more as make a second call rare.
 */
export const groupedHitsDeepMax = 10_000
export const groupedHitsOfCallMax = 2 * groupedHitsDeepMax

/** Conditions of one filter, of which each word is one: a shard server passes over a column, or over postings, for each. */
export const filterConditionsMax = 256

/** Documents of a shard that a search may ask to have scored exactly, in the plans tangent and graph. */
export const candidatesAskedMax = 10_000

/** The same on a shard server: those of the pages before are among the best again and are added to those asked for. */
export const candidatesOfCallMax = 100_000

/** Rows kept in a walk of a graph: what a calibration tries at most, and what a search asks for. */
export const expansionMax = 4_096

/** Of one search, and the highest limit of searches that a build is slowed down for. */
export const timeoutMsMax = 600_000

export const shardsAskedMax = 256
export const replicasMax = 8

/** Documents encoded a second that a build can be held to. */
export const documentsPerSecondMax = 1_000_000

/** Queries of a parity report. */
export const parityQueriesMax = 1_000

/** Users' queries that graphs are calibrated with: fewer would tell too little, more nothing new. */
export const sampleQueriesMin = 16
export const sampleQueriesMax = 64

/** Users' q-nets that graphs are calibrated with, together in f32: an indexer has them in memory while it builds one. */
export const sampleQNetsBytesMax = 256 * 1024 * 1024
export const sampleQueryCharactersMax = 1_000

/** Of a document's id, in bytes of UTF-8. */
export const idBytesMax = 512

/** Of a document's line, and of its id, title, text and fields together, in bytes of UTF-8. */
export const documentBytesMax = 1024 * 1024

/** Numbers of a document vector, and outputs of a layer of a q-net. */
export const vectorWidthMax = 4_096

/** Of a q-net that comes with a search, decoded. One of six layers of width 768 has 14.2 MB in f32. */
export const ownQNetBytesMax = 16 * 1024 * 1024

/**
 * Of a hyper-head's file: larger ones are not stored, and those that a shard server holds are no larger together. That of a
 * q-net of six layers of width 768 has 30 million parameters, 122 MB in f32.
 */
export const hyperHeadBytesMax = 256 * 1024 * 1024

/** The newest manifest versions whose segments a shard server keeps, so that cursors and slower coordinators find them. */
export const versionsKeptMax = 2

/** Documents of one call to an encoder service. */
export const encodedDocumentsMax = 1_024

/**
 * Of the queries that one call to an encoder service has encoded, as many as a batch has searches: what of the answer goes
 * beyond these bytes is left out, and asked for by itself.
 */
export const encodedQueriesBytesMax = 16 * 1024 * 1024

/** Hits that a search may have reranked, with those of one page at most as many as a page may have. */
export const rerankCandidatesMax = 999

/** Pairs of one call to an encoder service: several services share the candidates of one search. */
export const pairsOfCallMax = 64

/**
 * Of a text that makes a pair with a query, for each token that the model reads: what comes after them is not sent. English
 * has about five characters a token.
 */
export const pairCharactersPerTokenMax = 16

/**
 * Passages that a document is cut into. The longest document has as many at 256 bytes each: a passage of 256 tokens has some
 * 1,200 bytes of English. What comes after them is not read, and the document counts as truncated.
 */
export const passagesOfDocumentMax = 4_096

/** Of a passage, the share that the next one may repeat. */
export const passageOverlapMax = 0.5

/** Whether a text has more code points than this; each takes one or two UTF-16 units. Stops counting once it knows. */
export function hasMoreCharacters(text: string, charactersMax: number): boolean {
  if (text.length <= charactersMax) return false
  if (text.length > 2 * charactersMax) return true
  let characters = 0
  for (const _ of text) if (++characters > charactersMax) return true
  return false
}
