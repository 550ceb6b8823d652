import { defineMetrics } from '../telemetry/metrics.ts'

/** Of every cache that keeps what would cost much to have again. */
export const cacheMetrics = defineMetrics({
  requests: {
    kind: 'counter',
    name: 'hypershard_cache_requests_total',
    help: 'Times that something was looked for in a cache, by whether it was there.',
    labels: ['cache', 'result'],
  },
  bytes: {
    kind: 'gauge',
    name: 'hypershard_cache_bytes',
    help: 'What a cache holds, about.',
    labels: ['cache'],
  },
  bytesLimit: {
    kind: 'gauge',
    name: 'hypershard_cache_limit_bytes',
    help: 'What a cache may hold; 0 for one that is off.',
    labels: ['cache'],
  },
})
