import { defineMetrics } from '@hypershard/common'

/** Of the other processes, as this coordinator sees them. */
export const clusterMetrics = defineMetrics({
  servers: {
    kind: 'gauge',
    name: 'hypershard_cluster_shard_servers',
    help: 'Shard servers by state.',
    labels: ['state'],
  },
  encoders: {
    kind: 'gauge',
    name: 'hypershard_cluster_encoder_services',
    help: 'Encoder services by state.',
    labels: ['state'],
  },
  view: {
    kind: 'gauge',
    name: 'hypershard_cluster_view_number',
    help: 'The number of the view that shards are placed by, which grows with each change.',
    labels: [],
  },
  moves: {
    kind: 'gauge',
    name: 'hypershard_cluster_moves',
    help: 'Shards on their way to a server, or to be let go of by one, by state.',
    labels: ['state'],
  },
  unplaced: {
    kind: 'gauge',
    name: 'hypershard_cluster_unplaced_shards',
    help: 'Shards that fit into too few servers.',
    labels: [],
  },
})
