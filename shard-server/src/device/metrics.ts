import { defineMetrics } from '@hypershard/common'

/** Of a device that helps to score; a server on the CPU alone has none of them. */
export const deviceMetrics = defineMetrics({
  shards: {
    kind: 'counter',
    name: 'hypershard_device_shards_total',
    help: 'Exact searches of shards that the device ranked, by how they ended: certain at once, certain after more rows were scored (widened), scored by the CPU because scores lie too close (gap) or values are too large (values), or cut short by the deadline or the caller (stopped).',
    labels: ['outcome'],
  },
  tangents: {
    kind: 'counter',
    name: 'hypershard_device_tangents_total',
    help: 'Rankings of a shard by tangent that the device was asked for, by how they ended: certain at once, certain after more vectors were estimated (widened), done by the CPU because estimates lie too close (gap) or are no numbers (values), or cut short by the deadline or the caller (stopped).',
    labels: ['outcome'],
  },
  costs: {
    kind: 'gauge',
    name: 'hypershard_device_cost_seconds',
    help: 'What work on the device takes, as a probe at the start and the searches since have it: a run of a graph beside what it computes (run), a multiply-add of a q-net (multiply_add), a value of a vector that is ranked by tangent (value); not there where HYPERSHARD_SHARD_DEVICE_ROWS_MIN tells who ranks.',
    labels: ['work'],
  },
  bytes: {
    kind: 'gauge',
    name: 'hypershard_device_held_bytes',
    help: "What the vectors of segments on the device take of its memory, and what is set aside for queries' weights.",
    labels: [],
  },
  limitBytes: {
    kind: 'gauge',
    name: 'hypershard_device_limit_bytes',
    help: "What vectors may take of the device's memory.",
    labels: [],
  },
  segments: {
    kind: 'gauge',
    name: 'hypershard_device_segments',
    help: 'Segments by what scores them: the device, or the CPU because they did not fit on the device.',
    labels: ['place'],
  },
  lost: {
    kind: 'gauge',
    name: 'hypershard_device_lost',
    help: '1 once the device has failed: the server answers no search any more and ends.',
    labels: [],
  },
  info: {
    kind: 'gauge',
    name: 'hypershard_device_info',
    help: 'The device that ranks documents, and what vectors lie there in, f16 or f32; always 1.',
    labels: ['device', 'precision'],
  },
})
