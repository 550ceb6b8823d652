import { defineMetrics } from '@hypershard/common'

/** Of the segments in memory. */
export const holdingMetrics = defineMetrics({
  segments: {
    kind: 'gauge',
    name: 'hypershard_held_segments',
    help: 'Segments by whether they are loaded or being loaded.',
    labels: ['state'],
  },
  heldBytes: {
    kind: 'gauge',
    name: 'hypershard_held_bytes',
    help: 'What segments that are loaded take of the memory.',
    labels: [],
  },
  admittedBytes: {
    kind: 'gauge',
    name: 'hypershard_admitted_bytes',
    help: 'What segments take of the memory, with those that were admitted and are being loaded.',
    labels: [],
  },
  limitBytes: {
    kind: 'gauge',
    name: 'hypershard_held_limit_bytes',
    help: 'What segments may take of the memory.',
    labels: [],
  },
  loads: {
    kind: 'counter',
    name: 'hypershard_segment_loads_total',
    help: 'Segments whose loading has ended, by how: loaded, or an error code; overloaded is one that did not fit.',
    labels: ['outcome'],
  },
  loadSeconds: {
    kind: 'histogram',
    name: 'hypershard_segment_load_seconds',
    help: 'How long loading segments took, failed ones too.',
    labels: [],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  },
  loadedBytes: {
    kind: 'counter',
    name: 'hypershard_segment_loaded_bytes_total',
    help: 'Bytes of memory that loaded segments took when they were loaded.',
    labels: [],
  },
})
