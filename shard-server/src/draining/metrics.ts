import { defineMetrics } from '@hypershard/common'

/** Of who asks this server, and whether it is going. */
export const drainMetrics = defineMetrics({
  draining: {
    kind: 'gauge',
    name: 'hypershard_draining',
    help: '1 while the shard server drains, else 0.',
    labels: [],
  },
  coordinators: {
    kind: 'gauge',
    name: 'hypershard_asking_coordinators',
    help: 'Coordinators that ask this shard server whether it lives.',
    labels: [],
  },
  needing: {
    kind: 'gauge',
    name: 'hypershard_needing_coordinators',
    help: 'Of the coordinators that ask, those that still need this shard server while it drains.',
    labels: [],
  },
})
