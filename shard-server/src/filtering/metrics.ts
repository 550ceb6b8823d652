import { defineMetrics } from '@hypershard/common'

/** Of filters. */
export const filterMetrics = defineMetrics({
  selectSeconds: {
    kind: 'histogram',
    name: 'hypershard_filter_select_seconds',
    help: 'How long selecting the rows of a segment by a filter took, where they were not known from before.',
    labels: [],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  },
})
