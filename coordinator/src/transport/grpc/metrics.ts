import { defineMetrics } from '@hypershard/common'

/** Of the public API over gRPC. */
export const grpcMetrics = defineMetrics({
  callSeconds: {
    kind: 'histogram',
    name: 'hypershard_grpc_call_seconds',
    help: 'How long calls of the public gRPC port took until their status was sent, or the caller was gone.',
    labels: ['method', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
})
