import { defineMetrics } from '@hypershard/common'

/** Of writes of documents. */
export const writeMetrics = defineMetrics({
  writes: {
    kind: 'counter',
    name: 'hypershard_writes_total',
    help: 'Writes that have ended, by how: written, repeated, empty (no good line), or an error code.',
    labels: ['outcome'],
  },
  stageSeconds: {
    kind: 'histogram',
    name: 'hypershard_write_stage_seconds',
    help: 'How long each stage took of the writes that came through it.',
    labels: ['stage'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  },
  documents: {
    kind: 'counter',
    name: 'hypershard_write_documents_total',
    help: 'Documents put or deleted by writes that were answered, by whether they were accepted.',
    labels: ['result'],
  },
})
