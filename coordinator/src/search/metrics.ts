import { defineMetrics } from '@hypershard/common'

/** From a millisecond, as from a cache, to what a long timeout allows. */
const searchBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Of searches, whoever asks and over which transport. */
export const searchMetrics = defineMetrics({
  searches: {
    kind: 'counter',
    name: 'hypershard_searches_total',
    help: 'Searches that have ended, by the plan that was asked for and how they ended: complete, partial, or an error code.',
    labels: ['plan', 'outcome'],
  },
  seconds: {
    kind: 'histogram',
    name: 'hypershard_search_seconds',
    help: 'How long whole searches took, from the door to the answer or the failure.',
    labels: ['plan', 'result'],
    buckets: searchBuckets,
  },
  stageSeconds: {
    kind: 'histogram',
    name: 'hypershard_search_stage_seconds',
    help: 'How long each stage took of the searches that came through it.',
    labels: ['stage'],
    buckets: searchBuckets,
  },
  eligible: {
    kind: 'counter',
    name: 'hypershard_search_eligible_documents_total',
    help: 'Documents that searches should have covered; searches answered from the cache cover none.',
    labels: [],
  },
  covered: {
    kind: 'counter',
    name: 'hypershard_search_covered_documents_total',
    help: 'Documents that searches did cover, those among them that a filter left out.',
    labels: [],
  },
  scored: {
    kind: 'counter',
    name: 'hypershard_search_scored_documents_total',
    help: 'Documents that the q-net scored.',
    labels: [],
  },
  scanned: {
    kind: 'counter',
    name: 'hypershard_search_scanned_documents_total',
    help: 'Documents that a tangent of the q-net ranked.',
    labels: [],
  },
  walked: {
    kind: 'counter',
    name: 'hypershard_search_walked_documents_total',
    help: 'Documents of segments that were searched by a walk of their graph.',
    labels: [],
  },
  missingShards: {
    kind: 'counter',
    name: 'hypershard_search_missing_shards_total',
    help: 'Shards that searches did not cover whole, by why.',
    labels: ['code'],
  },
  nonFinite: {
    kind: 'counter',
    name: 'hypershard_search_non_finite_scores_total',
    help: 'Scores that were infinite or no number.',
    labels: [],
  },
  interpretations: {
    kind: 'counter',
    name: 'hypershard_search_interpretations_total',
    help: 'Answers of searches that ask for interpret, by what the model found in the text: split, or one_need.',
    labels: ['outcome'],
  },
})

/** Of searches that ask for reranking. */
export const rerankMetrics = defineMetrics({
  reranks: {
    kind: 'counter',
    name: 'hypershard_search_reranks_total',
    help: 'Answers of searches that ask for reranking, by what became of it: reranked, behind (a page behind the candidates), or the error code of those that kept their order.',
    labels: ['outcome'],
  },
  pairs: {
    kind: 'counter',
    name: 'hypershard_search_rerank_pairs_total',
    help: 'Pairs of a query and a text that searches had scored by a cross-encoder; those whose score was known do not count.',
    labels: [],
  },
})

/** Of the calls that a fan-out makes of shard servers. */
export const fanOutMetrics = defineMetrics({
  callSeconds: {
    kind: 'histogram',
    name: 'hypershard_shard_call_seconds',
    help: 'How long search calls of shard servers took, by why they were made and how they ended.',
    labels: ['reason', 'result'],
    buckets: searchBuckets,
  },
  hedges: {
    kind: 'counter',
    name: 'hypershard_hedges_total',
    help: 'Calls that were made of a second server because the first was late.',
    labels: [],
  },
  hedgesWon: {
    kind: 'counter',
    name: 'hypershard_hedges_won_total',
    help: 'Hedges that answered for a shard before the call that was late.',
    labels: [],
  },
  hedgesRefused: {
    kind: 'counter',
    name: 'hypershard_hedges_refused_total',
    help: 'Late calls that were not made a second time because too many had been.',
    labels: [],
  },
  hedgeBudget: {
    kind: 'gauge',
    name: 'hypershard_hedge_budget_ratio',
    help: 'How much of the budget for hedges is left, 0 to 1.',
    labels: [],
  },
  retries: {
    kind: 'counter',
    name: 'hypershard_shard_call_retries_total',
    help: 'Calls that were made because another had failed.',
    labels: [],
  },
})
