import { defineMetrics } from '@hypershard/common'

/** Of segments that are merged. */
export const compactionMetrics = defineMetrics({
  merged: {
    kind: 'counter',
    name: 'hypershard_compacted_segments_total',
    help: 'Segments that were merged into others.',
    labels: [],
  },
  documents: {
    kind: 'counter',
    name: 'hypershard_compacted_documents_total',
    help: 'Documents of the segments that merging made.',
    labels: [],
  },
  graphs: {
    kind: 'counter',
    name: 'hypershard_built_graphs_total',
    help: 'Neighbour graphs that were built for merged segments.',
    labels: [],
  },
})
