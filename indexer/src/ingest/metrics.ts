import { defineMetrics } from '@hypershard/common'

/** Of what becomes searchable. */
export const ingestMetrics = defineMetrics({
  commits: {
    kind: 'counter',
    name: 'hypershard_commits_total',
    help: 'Manifest versions that this indexer committed, by the kind of job.',
    labels: ['kind'],
  },
  overtaken: {
    kind: 'counter',
    name: 'hypershard_commits_overtaken_total',
    help: 'Work that was found to be committed by another indexer already, by the kind of job.',
    labels: ['kind'],
  },
  commitSeconds: {
    kind: 'histogram',
    name: 'hypershard_commit_seconds',
    help: 'How long writing segments and committing them took.',
    labels: ['kind'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  },
  documents: {
    kind: 'counter',
    name: 'hypershard_indexed_documents_total',
    help: 'Documents that this indexer made searchable or set aside, by commits of its own.',
    labels: ['result'],
  },
  encoded: {
    kind: 'counter',
    name: 'hypershard_indexer_encoded_documents_total',
    help: 'Documents that encoder services encoded for this indexer, committed or not.',
    labels: [],
  },
})

/**
 * Of the logs of all indexes, as each indexer sees them: the highest value of all indexers is the cluster's. There may be
 * any number of indexes, so they are told together: the sum, and the one that is furthest behind.
 */
export const lagMetrics = defineMetrics({
  waiting: {
    kind: 'gauge',
    name: 'hypershard_log_waiting_documents',
    help: 'Writes of documents in the logs of all indexes that are not indexed yet, by the generation of each that is furthest behind; one that is paused is left out.',
    labels: [],
  },
  waitingMost: {
    kind: 'gauge',
    name: 'hypershard_log_waiting_documents_worst',
    help: 'The same of the index that has most of them.',
    labels: [],
  },
  age: {
    kind: 'gauge',
    name: 'hypershard_log_waiting_worst_seconds',
    help: 'How long the oldest of these writes has waited.',
    labels: [],
  },
})
