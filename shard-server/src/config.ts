import { hostAndPort, serviceConfig, wholeNumber } from '@hypershard/common'
import { memberConfig } from '@hypershard/membership'
import { deviceNames } from '@hypershard/qnet/device-name'
import { z } from 'zod'

/** Settings of a shard server. */
export const shardServerConfig = {
  HYPERSHARD_SHARD_LISTEN: hostAndPort()
    .default('127.0.0.1:7710')
    .describe('Where the shard server listens for gRPC, `host:port`; port 0 takes a free one.'),
  HYPERSHARD_STORE: z
    .string({ error: 'is required: the object store' })
    .describe(
      'The object store, a directory or `s3://bucket/prefix?region=…&endpoint=…`, the same for coordinator and shard servers.',
    ),
  HYPERSHARD_SHARD_ZONE: z
    .string()
    .regex(/^[\w.:-]{0,100}$/, 'must be up to 100 letters, digits, dots, colons, dashes and underscores')
    .default('')
    .describe(
      'Where the server stands, such as a rack or an availability zone: copies of a shard go to different zones where there are some.',
    ),
  HYPERSHARD_SHARD_THREADS: wholeNumber({ min: 0, max: 256 })
    .default(0)
    .describe(
      'Scoring threads: each works on every query, block by block, and computes on one core. A hyper-head computes on as many. 0 takes one for each whole core that the process may use, in a container those of its limit.',
    ),
  HYPERSHARD_SHARD_MEMORY_BYTES: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER })
    .default(0)
    .describe(
      'Most bytes held; a segment beyond it is refused before it is read. Of vectors five a value count, four for f32 and one for the int8 copy that the tangent plan scans, or the one alone where f32 lies on disk; ids, columns, graphs and tombstones count too. 0 takes 60 % of the memory there is: of the machine, or of the control group (a container) around the process.',
    ),
  HYPERSHARD_SHARD_DEVICE: z
    .string()
    .regex(deviceNames, 'must be cpu, webgpu, cuda, cuda:N or auto')
    .default('cpu')
    .describe(
      "What ranks documents in the plans `exact` and `tangent`, and in `auto`: `cpu`, `webgpu` (a GPU with a Vulkan driver), `cuda` or `cuda:1` (an NVIDIA GPU; `npm run setup:cuda` brings what it needs), or `auto`: CUDA's first device where it works, and else the CPU. The answers are the same to the bit. A device that is asked for and does not work ends the start. See docs/gpu.md.",
    ),
  HYPERSHARD_SHARD_DEVICE_PRECISION: z
    .enum(['auto', 'f16', 'f32'])
    .default('auto')
    .describe(
      'What vectors lie on the device in: `f16`, half of the memory, `f32`, or `auto`: f16 where a probe at the start finds that the device computes in it. The answers are the same to the bit; f16 has the CPU score more documents again where scores lie close. A device that has no f16 ends the start where that is asked for.',
    ),
  HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER })
    .default(0)
    .describe(
      'Most bytes of vectors on the device, those of passages too, two a value in f16 and four in f32. With webgpu an eighth of these, 64 MiB at most, is for the weights of queries that run. Required with a device, which does not tell how much it has: about three quarters of its memory, as graphs need some while they run.',
    ),
  HYPERSHARD_SHARD_DEVICE_FULL: z
    .enum(['cpu', 'refuse'])
    .default('cpu')
    .describe(
      'What becomes of a segment that does not fit on the device: the CPU scores it, or it is refused as `overloaded`, so that another server holds it.',
    ),
  HYPERSHARD_SHARD_DEVICE_ROWS_MIN: wholeNumber({ min: 0, max: 100_000_000 })
    .optional()
    .describe(
      'A shard of which fewer documents can be hits is searched by the CPU alone. Not given, a few runs at the start, and each search after that, tell what takes less time, see docs/gpu.md.',
    ),
  HYPERSHARD_SHARD_VECTORS: z
    .enum(['memory', 'disk'])
    .default('memory')
    .describe(
      'Where f32 vectors are held. On disk, in files of the scratch folder, up to five times as many documents fit; graphs and the tangent plan read a few of them a query, exact scoring reads them all.',
    ),
  HYPERSHARD_SHARD_SCRATCH: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A local folder where graphs, and vectors held on disk, are put and opened; what they take there is free when their segments are dropped. The system's temporary folder when not given.",
    ),
  HYPERSHARD_SHARD_QNETS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A folder on a local disk where shard servers of one machine leave the q-nets that they make for each other, so that each is made once; those of a second, at most 128 MiB a server. All of them name the same one, and whoever can write there is trusted with the answers. Each server makes all q-nets itself when not given.',
    ),
  HYPERSHARD_SHARD_TEXTS_BYTES: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER })
    .default(64 * 1024 * 1024)
    .describe(
      'Most bytes of titles, texts and fields that were read last and are kept for the next answer with them, beside what HYPERSHARD_SHARD_MEMORY_BYTES bounds. 0 keeps none: the operating system may still have the files in memory.',
    ),
  HYPERSHARD_SHARD_SEARCHES_MAX: wholeNumber({ min: 1, max: 10_000 })
    .default(64)
    .describe('Searches scored or waiting at once; more are refused as `overloaded`.'),
  HYPERSHARD_SHARD_DRAIN_MS: wholeNumber({ min: 0, max: 3_600_000 })
    .default(60_000)
    .describe(
      'How long, in milliseconds, a server that gets SIGTERM goes on serving until others have loaded what coordinators need of it. It ends as soon as none needs it; 0 ends it at once, as SIGINT does.',
    ),
  HYPERSHARD_SHARD_MODELS: z
    .string()
    .optional()
    .transform(list =>
      (list ?? '')
        .split(',')
        .map(path => path.trim())
        .filter(path => path !== ''),
    )
    .describe(
      "Model directories, separated by commas, whose hyper-heads are read from there; of each, `model.json` and the hyper-head suffice. Other models' are read from the object store, where coordinators put them, so that this is rarely needed.",
    ),
  ...memberConfig,
  ...serviceConfig,
} as const
