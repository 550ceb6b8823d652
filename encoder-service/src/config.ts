import { type Config, commaList, hostAndPort, serviceConfig, wholeNumber } from '@hypershard/common'
import { memberConfig } from '@hypershard/membership'
import { deviceNames } from '@hypershard/qnet/device-name'
import { z } from 'zod'
import { kernels } from './encoding/kernel.ts'

/** Settings of the encoder service: environment variables. */
export const encoderServiceConfig = {
  HYPERSHARD_ENCODER_LISTEN: hostAndPort()
    .default('127.0.0.1:7702')
    .describe('Where the encoder service listens for gRPC, `host:port`; port 0 takes a free one.'),
  HYPERSHARD_MODELS: commaList().describe(
    'Model directories, separated by commas. The first that is no cross-encoder is the default model.',
  ),
  HYPERSHARD_ENCODER_THREADS: wholeNumber({ min: 0, max: 1024 })
    .default(0)
    .describe(
      'Threads that one batch is computed with, of queries, again of documents, and again of pairs for cross-encoders; 0 takes one for each whole core that the process may use, in a container those of its limit.',
    ),
  HYPERSHARD_ENCODER_KERNEL: z
    .enum(['auto', ...kernels])
    .default('auto')
    .describe(
      'What documents are encoded in: `fp32`; `int8`, faster, with vectors that differ in the third decimal; `auto` takes int8 where a measurement at start finds it faster. Queries are always fp32.',
    ),
  HYPERSHARD_ENCODER_DEVICE: z
    .string()
    .regex(deviceNames, { error: 'must be cpu, webgpu, cuda, cuda:<number> or auto' })
    .default('cpu')
    .describe(
      "What queries, documents and pairs are encoded on, see docs/gpu.md: `cpu`; `webgpu`, `cuda` or `cuda:1`, which end the start where they do not work; `auto` takes CUDA's first device where it works, and else the CPU. A device gives document vectors that differ slightly from the CPU's.",
    ),
  HYPERSHARD_ENCODER_TOKEN_BUDGET: wholeNumber({ min: 0, max: 1_048_576 })
    .default(0)
    .describe(
      'The largest batch, in tokens with padding; on a device each run of documents or pairs has so many. At least the longest text that any of the models reads. 0 takes 1,024 on the CPU, and 4,096 on a device.',
    ),
  HYPERSHARD_ENCODER_QUEUE_TOKENS: wholeNumber({ min: 8, max: 1_073_741_824 })
    .default(1_048_576)
    .describe(
      'Tokens of queries, again of documents, and again of pairs, that may wait or run; requests beyond fail as `overloaded`.',
    ),
  HYPERSHARD_ENCODER_DRAIN_MS: wholeNumber({ min: 0, max: 60_000 })
    .default(1_000)
    .describe(
      'How long the service goes on taking calls after SIGTERM, in milliseconds, so that coordinators and indexers that ask it at an interval learn that it is draining and send new work elsewhere. Nobody waits when nobody has asked lately.',
    ),
  ...memberConfig,
  ...serviceConfig,
}

export type EncoderServiceConfig = Config<typeof encoderServiceConfig>
