import { defineMetrics } from '@hypershard/common'

const searchBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Of searches of shards. */
export const shardSearchMetrics = defineMetrics({
  searches: {
    kind: 'counter',
    name: 'hypershard_shard_searches_total',
    help: 'Search calls that have ended, each for some shards, by how: answered, or an error code.',
    labels: ['outcome'],
  },
  seconds: {
    kind: 'histogram',
    name: 'hypershard_shard_search_seconds',
    help: 'How long search calls took here, failed ones too.',
    labels: [],
    buckets: searchBuckets,
  },
  stageSeconds: {
    kind: 'histogram',
    name: 'hypershard_shard_search_stage_seconds',
    help: 'How long each stage took of the shards that were searched.',
    labels: ['stage'],
    buckets: searchBuckets,
  },
  shards: {
    kind: 'counter',
    name: 'hypershard_shards_searched_total',
    help: 'Shards that were searched, by the plan that was really used and whether the search came to its end.',
    labels: ['plan', 'stop'],
  },
})

/** Of the work that searches make. */
export const scoringMetrics = defineMetrics({
  scored: {
    kind: 'counter',
    name: 'hypershard_scored_documents_total',
    help: 'Documents that the q-net scored here.',
    labels: [],
  },
  scanned: {
    kind: 'counter',
    name: 'hypershard_scanned_documents_total',
    help: 'Documents that a tangent of the q-net ranked here.',
    labels: [],
  },
  walked: {
    kind: 'counter',
    name: 'hypershard_walked_documents_total',
    help: 'Documents of segments that were searched by a walk of their graph here.',
    labels: [],
  },
  flops: {
    kind: 'counter',
    name: 'hypershard_scored_flops_total',
    help: 'Multiplications and additions in the matrix products of the q-nets that scored documents.',
    labels: [],
  },
  nonFinite: {
    kind: 'counter',
    name: 'hypershard_non_finite_scores_total',
    help: 'Scores computed here that were infinite or no number.',
    labels: [],
  },
  fetched: {
    kind: 'counter',
    name: 'hypershard_fetched_documents_total',
    help: 'Documents whose texts were given, with hits or when asked for.',
    labels: [],
  },
  kernel: {
    kind: 'gauge',
    name: 'hypershard_scoring_kernel_info',
    help: 'What computes the scores: the same kernel gives the same bits; always 1.',
    labels: ['kernel'],
  },
  threads: {
    kind: 'gauge',
    name: 'hypershard_scoring_threads',
    help: 'Threads that score.',
    labels: [],
  },
})
