import {
  HypershardError,
  processorCount,
  type RunningService,
  requireInternalProtection,
  systemClock,
  type Telemetry,
} from '@hypershard/common'
import { openProcessCredentials, startGrpcServer } from '@hypershard/common/grpc'
import { announceMember, requireAdvertised } from '@hypershard/membership'
import { protoDirectory } from '@hypershard/proto'
import { EncoderServiceService } from '@hypershard/proto/encoder'
import { readModelKind } from '@hypershard/qnet'
import type { BatcherStatistics } from './batching/dynamic-batcher.ts'
import type { EncoderServiceConfig } from './config.ts'
import { Encoder } from './encoder.ts'
import { EncodingWorkers } from './encoding/encoding-workers.ts'
import type { Lane, LoadedModel } from './encoding/worker-protocol.ts'
import { ServiceState } from './service-state.ts'
import { encoderHandlers } from './transport/encoder-handlers.ts'
import type { ServedModels } from './transport/served-models.ts'

/** Time for calls under way when the service stops. */
const drainMs = 5_000

export interface RunningEncoderService extends RunningService {
  readonly models: readonly LoadedModel[]
  /** What the batchers did since the start. */
  statistics(): Readonly<Record<Lane, BatcherStatistics>>
}

/**
 * Loads the models and serves `hypershard.v1.EncoderService`, with health and reflection, at the address `grpc`.
 * @param die called when an encoding worker keeps dying: a service that cannot encode is none. It ends the process, and
 *   whoever supervises that starts a fresh one
 * @throws HypershardError `invalid_model`, `invalid_config`, `address_in_use`
 */
export async function startEncoderService(
  config: EncoderServiceConfig,
  telemetry: Telemetry,
  die: (error: Error) => void = throwUncaught,
): Promise<RunningEncoderService> {
  const { log } = telemetry
  requireAdvertised(config, config.HYPERSHARD_ENCODER_LISTEN)
  requireInternalProtection('HYPERSHARD_ENCODER_LISTEN', config, log)
  const workers = await EncodingWorkers.start({
    settings: {
      ...(await directoriesByKind(config.HYPERSHARD_MODELS)),
      threads: config.HYPERSHARD_ENCODER_THREADS || processorCount(),
      kernel: config.HYPERSHARD_ENCODER_KERNEL,
    },
    file: new URL('./encoding/encoding-worker.ts', import.meta.url),
    clock: systemClock,
    log,
    onFatal: die,
  })
  try {
    return await serve(workers, config, telemetry)
  } catch (error) {
    await workers.stop()
    throw error
  }
}

/** In the order of the settings. */
async function directoriesByKind(paths: readonly string[]) {
  const kinds = await Promise.all(paths.map(path => readModelKind(path)))
  const modelDirectories = paths.filter((_, at) => kinds[at] === 'retriever')
  const crossEncoderDirectories = paths.filter((_, at) => kinds[at] === 'crossEncoder')
  return { modelDirectories, crossEncoderDirectories }
}

async function serve(
  workers: EncodingWorkers,
  config: EncoderServiceConfig,
  { log, meter, tracer }: Telemetry,
): Promise<RunningEncoderService> {
  checkModels(workers, config)
  const limits = {
    tokenBudgetMax: config.HYPERSHARD_ENCODER_TOKEN_BUDGET,
    queueTokensMax: config.HYPERSHARD_ENCODER_QUEUE_TOKENS,
  }
  const encoder = new Encoder(workers, limits, systemClock, meter)
  const state = new ServiceState(systemClock)
  const handlers = encoderHandlers(encoder, state, { log, tracer })
  const credentials = await openProcessCredentials(config, log)
  const server = await startGrpcServer({
    address: config.HYPERSHARD_ENCODER_LISTEN,
    credentials: credentials.server,
    services: [{ definition: EncoderServiceService, implementation: { ...handlers } }],
    protoFiles: ['hypershard/v1/encoder.proto'],
    protoDirectory,
    drainMs,
  })
  for (const { digest, settings, kernel, choice } of workers.models) {
    log.info({ model: settings.name, digest, documentKernel: kernel, choice }, 'model loaded')
  }
  for (const { digest, settings } of workers.crossEncoders) {
    log.info({ model: settings.name, digest }, 'cross-encoder loaded')
  }
  const modelDigests = [...workers.models, ...workers.crossEncoders].map(({ digest }) => digest)
  const describe = () => ({ ...state.describe(), modelDigests })
  const announcer = announceMember(config, { kind: 'encoder', listening: server.address, describe }, log)
  return {
    addresses: { grpc: server.address },
    models: workers.models,
    statistics: () => encoder.statistics,
    requireReady: async () => state.requireReady(),
    stop: async ({ drain } = { drain: false }) => {
      server.setServing(false)
      await Promise.all([announcer.stop(), state.drain(drain ? config.HYPERSHARD_ENCODER_DRAIN_MS : 0)])
      await server.stop()
      credentials.close()
      await workers.stop()
    },
  }
}

/** Checks the models against each other and against the settings. */
function checkModels({ models, crossEncoders }: ServedModels, config: EncoderServiceConfig): void {
  const { HYPERSHARD_ENCODER_TOKEN_BUDGET: budget, HYPERSHARD_ENCODER_QUEUE_TOKENS: queue } = config
  if (queue < budget) {
    const problem = `HYPERSHARD_ENCODER_QUEUE_TOKENS: ${queue} is less than one batch; set at least ${budget}`
    throw new HypershardError('invalid_config', problem)
  }
  const digests = new Set<string>()
  for (const { digest, settings } of [...models, ...crossEncoders]) {
    if (digests.has(digest)) {
      throw new HypershardError(
        'invalid_config',
        `HYPERSHARD_MODELS: model ${settings.name} stands twice; name it once`,
      )
    }
    digests.add(digest)
    const { tokenizer } = settings
    const longest =
      'maxTokens' in tokenizer ? tokenizer.maxTokens : Math.max(tokenizer.maxQueryTokens, tokenizer.maxDocumentTokens)
    if (longest <= budget) continue
    const text = `is less than one text of model ${settings.name}; set at least ${longest}`
    throw new HypershardError('invalid_config', `HYPERSHARD_ENCODER_TOKEN_BUDGET: ${budget} ${text}`)
  }
}

/** For whoever embeds the service without an end of its own. */
function throwUncaught(error: Error): void {
  setImmediate(() => {
    throw error
  })
}
