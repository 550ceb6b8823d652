import { searchMsDefault } from './limits.ts'

/** Words and defaults of searches and indexes, without the schemas: for pages, which a parser of schemas would make large. */

/** What the search of a shard may come to. */
export const shardPlans = ['exact', 'tangent', 'graph'] as const

export type ShardPlanName = (typeof shardPlans)[number]

/** What may be asked for. */
export const searchPlans = [...shardPlans, 'auto'] as const

export type SearchPlanName = (typeof searchPlans)[number]

export const searchPrecisions = ['fp32', 'int8'] as const

/** What holds for a search that does not say it. */
export const searchDefaults = {
  k: 10,
  min_coverage: 1,
  timeout_ms: searchMsDefault,
  plan: 'auto',
  /** Of the plan `auto`. */
  recall: 0.99,
  candidates: 200,
  expansion: 256,
  precision: 'fp32',
} as const

export const fusions = ['convex', 'reciprocal_rank'] as const

/** What holds for a hybrid search that does not say it. */
export const hybridDefaults = { fusion: 'convex', lexical: 0.45, candidates: 100 } as const

/** What holds where a request does not say it. */
export const rerankDefaults = { candidates: 50 } as const

/** What holds for groups of hits where a request does not say it. */
export const groupDefaults = { groups: 10, hits: 1 } as const

/** Values of a facet that an answer lists when the request does not say how many. */
export const facetLimitDefault = 10

/** The first holds where a request does not say it. */
export const sortOrders = ['asc', 'desc'] as const

/** What holds for highlights where a request does not say it. */
export const highlightDefaults = { fragments: 3, length: 200 } as const

/** What a field of documents may hold. */
export const fieldTypes = ['keyword', 'number', 'boolean', 'date'] as const

/**
 * How texts and queries become words. `simple` takes words as they are but for case and accents; the others also take a
 * word's inflected forms, in their language, for one.
 */
export const analyzers = [
  'simple',
  'english',
  'danish',
  'dutch',
  'finnish',
  'french',
  'german',
  'italian',
  'norwegian',
  'portuguese',
  'russian',
  'spanish',
  'swedish',
] as const
