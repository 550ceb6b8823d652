import { defineMetrics } from '@hypershard/common'

/** Of the public API over HTTP. */
export const httpMetrics = defineMetrics({
  requestSeconds: {
    kind: 'histogram',
    name: 'hypershard_http_request_seconds',
    help: 'How long HTTP requests took until their connection had the whole answer, or was closed.',
    labels: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
})
