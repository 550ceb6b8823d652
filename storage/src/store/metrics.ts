import { defineMetrics } from '@hypershard/common'

/** Of the object store, as the main thread of a process asks it: threads that load segments count those instead. */
export const storeMetrics = defineMetrics({
  requests: {
    kind: 'counter',
    name: 'hypershard_store_requests_total',
    help: 'Requests to the object store, by kind and by how they ended: done, absent (nothing is there to be read), or an error code.',
    labels: ['kind', 'outcome'],
  },
  seconds: {
    kind: 'histogram',
    name: 'hypershard_store_request_seconds',
    help: 'How long requests to the object store took, failed ones too.',
    labels: ['kind'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  },
  readBytes: {
    kind: 'counter',
    name: 'hypershard_store_read_bytes_total',
    help: 'Bytes that were read from the object store.',
    labels: [],
  },
  writtenBytes: {
    kind: 'counter',
    name: 'hypershard_store_written_bytes_total',
    help: 'Bytes that were written to the object store as objects; files that were moved in are not among them.',
    labels: [],
  },
  conflicts: {
    kind: 'counter',
    name: 'hypershard_store_conflicts_total',
    help: 'Objects that were not created because another writer came first, by what they are.',
    labels: ['object'],
  },
  freeBytes: {
    kind: 'gauge',
    name: 'hypershard_store_free_bytes',
    help: 'Bytes that are free where the object store lies; not told of a bucket.',
    labels: [],
  },
  sizeBytes: {
    kind: 'gauge',
    name: 'hypershard_store_size_bytes',
    help: 'Bytes that there are in all where the object store lies; not told of a bucket.',
    labels: [],
  },
})
