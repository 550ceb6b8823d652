import { defineMetrics } from '@hypershard/common'

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Of texts that become q-nets or vectors: queries and documents each have a lane of their own. */
export const encoderMetrics = defineMetrics({
  requests: {
    kind: 'counter',
    name: 'hypershard_encoder_requests_total',
    help: 'Requests to encode that have ended, by how: encoded, or an error code.',
    labels: ['lane', 'outcome'],
  },
  requestSeconds: {
    kind: 'histogram',
    name: 'hypershard_encoder_request_seconds',
    help: 'How long requests to encode took, failed ones too.',
    labels: ['lane'],
    buckets: requestBuckets,
  },
  model: {
    kind: 'gauge',
    name: 'hypershard_encoder_model_info',
    help: 'Models that are served, and what their documents are encoded with; always 1.',
    labels: ['model', 'digest', 'kernel'],
  },
  deviceInfo: {
    kind: 'gauge',
    name: 'hypershard_encoder_device_info',
    help: 'What queries, documents and pairs are encoded on; always 1.',
    labels: ['device'],
  },
  deviceLost: {
    kind: 'gauge',
    name: 'hypershard_encoder_device_lost',
    help: '1 once the device has failed: the service encodes nothing any more and ends.',
    labels: [],
  },
})

/** Of the batches that they are run in. */
export const batchMetrics = defineMetrics({
  waitingTexts: {
    kind: 'gauge',
    name: 'hypershard_encoder_waiting_texts',
    help: 'Texts that wait for their batch.',
    labels: ['lane'],
  },
  batchSeconds: {
    kind: 'histogram',
    name: 'hypershard_encoder_batch_seconds',
    help: 'How long batches ran, failed ones too.',
    labels: ['lane'],
    buckets: requestBuckets,
  },
  batchTexts: {
    kind: 'histogram',
    name: 'hypershard_encoder_batch_texts',
    help: 'Texts of a batch.',
    labels: ['lane'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
  },
  batchTokens: {
    kind: 'histogram',
    name: 'hypershard_encoder_batch_tokens',
    help: 'Tokens of a batch: of documents their own, of queries what each counts as when batches are cut.',
    labels: ['lane'],
    buckets: [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384],
  },
  texts: {
    kind: 'counter',
    name: 'hypershard_encoder_texts_total',
    help: 'Texts that were run in batches: queries, or documents.',
    labels: ['lane'],
  },
  tokens: {
    kind: 'counter',
    name: 'hypershard_encoder_tokens_total',
    help: 'Tokens that were run in batches, counted as those of a batch are.',
    labels: ['lane'],
  },
  paddedTokens: {
    kind: 'counter',
    name: 'hypershard_encoder_padded_tokens_total',
    help: 'Tokens that were computed for these, with what fills each batch up to its longest text.',
    labels: ['lane'],
  },
  dropped: {
    kind: 'counter',
    name: 'hypershard_encoder_dropped_texts_total',
    help: 'Texts that were never run: their caller had gone, their time was up, or another text of the request had failed.',
    labels: ['lane'],
  },
})
