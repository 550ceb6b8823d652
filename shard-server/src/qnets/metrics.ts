import { defineMetrics } from '@hypershard/common'

/** Of q-nets that are made here, of token states. */
export const headMetrics = defineMetrics({
  made: {
    kind: 'histogram',
    name: 'hypershard_qnet_seconds',
    help: 'How long making q-nets of token states took; those that were read are not among them.',
    labels: [],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  },
  read: {
    kind: 'counter',
    name: 'hypershard_qnets_read_total',
    help: 'Q-nets of token states that another shard server of the machine had made.',
    labels: [],
  },
})
