import { defineMetrics } from '@hypershard/common'

/** Of words. */
export const wordsMetrics = defineMetrics({
  rankSeconds: {
    kind: 'histogram',
    name: 'hypershard_words_rank_seconds',
    help: "How long ranking a shard's documents by a query's words took, waiting for the thread that does it included.",
    labels: [],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  },
})
