import { defineMetrics } from '@hypershard/common'

/** Of jobs. */
export const jobMetrics = defineMetrics({
  jobs: {
    kind: 'counter',
    name: 'hypershard_jobs_total',
    help: 'Jobs that this indexer has run, by kind and how they ended: done, ended (nobody needs it, or a stop cut it short), or an error code.',
    labels: ['kind', 'outcome'],
  },
  seconds: {
    kind: 'histogram',
    name: 'hypershard_job_seconds',
    help: 'How long jobs ran, failed ones too; one ends after a minute so that others get their turn.',
    labels: ['kind'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 600],
  },
  running: {
    kind: 'gauge',
    name: 'hypershard_jobs_running',
    help: 'Jobs that this indexer runs now.',
    labels: ['kind'],
  },
  waiting: {
    kind: 'gauge',
    name: 'hypershard_jobs_waiting',
    help: 'Jobs that wait, of all indexers where they share a queue.',
    labels: ['lane'],
  },
  failing: {
    kind: 'gauge',
    name: 'hypershard_jobs_failing',
    help: 'Jobs that failed when this indexer last tried them, and are to be tried again.',
    labels: [],
  },
})
