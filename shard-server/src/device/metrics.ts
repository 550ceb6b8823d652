import { defineMetrics } from '@hypershard/common'

/** Of a device that helps to score; a server on the CPU alone has none of them. */
export const deviceMetrics = defineMetrics({
  shards: {
    kind: 'counter',
    name: 'hypershard_device_shards_total',
    help: 'Exact searches of shards that the device ranked, by how they ended: certain at once, certain after more rows were scored (widened), scored by the CPU because scores lie too close (gap) or values are too large (values), or cut short by the deadline or the caller (stopped).',
    labels: ['outcome'],
  },
  bytes: {
    kind: 'gauge',
    name: 'hypershard_device_held_bytes',
    help: 'What the vectors of segments on the device take of its memory.',
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
